"""Which calls are repeated, how often, and what the gate hears of it, over real sockets."""

import pytest

from onboarding.codat import Busy, Garbled, Quota, Refused, Unreachable

from .calls import COMPANY, COMPANY_ID, KEY, create, patient
from .peer import HANG, RESET


def test_read_is_repeated_until_it_is_answered(peer):
    peer.answers(503)
    peer.sends(RESET)
    peer.answers(told=COMPANY)

    assert patient(peer).get_company(COMPANY_ID).id == COMPANY_ID
    assert len(peer.seen) == 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_read_is_given_up_after_three_tries(peer, status):
    for _ in range(3):
        peer.answers(status)

    with pytest.raises(Unreachable) as caught:
        patient(peer).get_company(COMPANY_ID)

    assert caught.value.status_code == status
    assert len(peer.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 429, 500])
def test_read_is_not_repeated_after_an_answer_that_stands(peer, status):
    peer.answers(status)

    with pytest.raises((Refused, Busy, Unreachable)):
        patient(peer).get_company(COMPANY_ID)

    assert len(peer.seen) == 1


def test_read_is_not_repeated_before_codats_time(peer):
    peer.answers(503, Retry_After="120")

    with pytest.raises(Unreachable) as caught:
        patient(peer).get_company(COMPANY_ID)

    assert caught.value.retry_after == 120.0
    assert len(peer.seen) == 1


def test_read_is_tried_once_in_a_hurry(peer):
    peer.answers(503)

    with pytest.raises(Unreachable):
        patient(peer).with_limits(read_retries=0).get_company(COMPANY_ID)

    assert len(peer.seen) == 1


def test_repeating_ends_with_the_time_of_the_whole_call(peer):
    for _ in range(3):
        peer.sends(HANG)

    with pytest.raises(Unreachable):
        patient(peer).with_limits(timeout_seconds=1.0).get_company(COMPANY_ID)

    assert len(peer.seen) == 1


WRITES = {
    "create_company": create,
    "update_company": lambda codat: codat.update_company(COMPANY_ID, key=KEY, name="x"),
    "delete_company": lambda codat: codat.delete_company(COMPANY_ID),
    "create_connection": lambda codat: codat.create_connection(COMPANY_ID, "gbol", key=KEY),
    "unlink_connection": lambda codat: codat.unlink_connection(COMPANY_ID, COMPANY_ID, key=KEY),
    "delete_connection": lambda codat: codat.delete_connection(COMPANY_ID, COMPANY_ID),
    "partner": lambda codat: codat.create_partner_expense_connection(COMPANY_ID, key=KEY),
    "refresh_all": lambda codat: codat.refresh_all(COMPANY_ID),
    "refresh_data_type": lambda codat: codat.refresh_data_type(COMPANY_ID, "bills"),
    "create_webhook": lambda codat: codat.create_webhook(url="https://p.test/", event_types=["a"], key=KEY),
    "delete_webhook": lambda codat: codat.delete_webhook(COMPANY_ID),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    "pieces", [(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",), (RESET,)], ids=["503", "reset"]
)
def test_write_is_never_repeated(peer, write, pieces):
    peer.sends(*pieces)

    with pytest.raises(Unreachable):
        write(patient(peer))

    assert len(peer.seen) == 1


@pytest.mark.parametrize(
    "name", ["create_company", "update_company", "create_connection", "unlink_connection", "partner", "create_webhook"]
)
def test_write_carries_its_key(peer, codat, name):
    peer.answers(400)

    with pytest.raises(Refused):
        WRITES[name](codat)

    assert peer.seen[0].headers["idempotency-key"] == str(KEY)


class Watch:
    """A gate that lets everything pass, or nothing, and remembers."""

    def __init__(self, refuse: bool = False) -> None:
        self.refuse = refuse
        self.heard = []

    def before(self, operation):
        self.heard.append(("before", operation))
        if self.refuse:
            raise Busy(reason="held back", retry_after=60.0)

    def after(self, operation, status_code, quota, retry_after):
        self.heard.append(("after", operation, status_code, quota, retry_after))


# The gate

QUOTA = {"X_Rate_Limit_Limit": "1000", "X_Rate_Limit_Remaining": "7"}


def test_gate_hears_of_every_try(peer):
    gate = Watch()
    peer.answers(503, **QUOTA)
    peer.sends(RESET)
    peer.answers(told=COMPANY, **QUOTA)

    patient(peer, gate=gate).get_company(COMPANY_ID)

    assert gate.heard == [
        ("before", "get_company"),
        ("after", "get_company", 503, Quota(1000, 7, None), None),
        ("before", "get_company"),
        ("after", "get_company", None, None, None),
        ("before", "get_company"),
        ("after", "get_company", 200, Quota(1000, 7, None), None),
    ]


def test_gate_hears_how_long_to_wait(peer):
    gate = Watch()
    peer.answers(429, Retry_After="30", X_Rate_Limit_Remaining="0")

    with pytest.raises(Busy) as caught:
        patient(peer, gate=gate).get_company(COMPANY_ID)

    assert gate.heard[1:] == [("after", "get_company", 429, Quota(None, 0, None), 30.0)]
    assert caught.value.retry_after == 30.0


def test_gate_hears_of_an_answer_nobody_can_read(peer):
    gate = Watch()
    peer.answers(200, body=b"no gzip", Content_Encoding="gzip")

    with pytest.raises(Garbled):
        patient(peer, gate=gate).get_company(COMPANY_ID)

    assert gate.heard[1:] == [("after", "get_company", 200, None, None)]


def test_gate_that_refuses_lets_nothing_leave(peer):
    gate = Watch(refuse=True)

    with pytest.raises(Busy) as caught:
        patient(peer, gate=gate).get_company(COMPANY_ID)

    assert (caught.value.operation, caught.value.retry_after) == ("get_company", 60.0)
    assert (caught.value.status_code, caught.value.answered) == (None, False)
    assert gate.heard == [("before", "get_company")]
    assert peer.seen == []


def test_gate_can_be_another_for_the_same_client(peer):
    first, second = Watch(), Watch()
    peer.answers(told=COMPANY)

    patient(peer, gate=first).with_gate(second).get_company(COMPANY_ID)

    assert (first.heard, len(second.heard)) == ([], 2)
