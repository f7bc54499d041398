"""Faults of the line and what the client makes of them, over real sockets."""

import gc
import logging
import threading
import traceback
from uuid import UUID

import pytest

from onboarding.codat import Busy, Codat, Garbled, Quota, Refused, Unreachable
from onboarding.codat.call import MAX_ANSWER_BYTES, MAX_ERROR_BYTES

from .conftest import API_KEY, told
from .peer import HANG, RESET

COMPANY_ID = UUID("77921ff9-2491-4dfe-b23b-ff28f3e31e4f")
KEY = UUID("0f9c1d7e-6f0b-4c39-9d0a-6a4d8f3b2c11")
COMPANY = told("get-company.200")


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


def patient(peer, **options):
    return Codat(base_url=peer.url, api_key=API_KEY, **options)


def create(codat):
    return codat.create_company(name="Sawayn", tags={"uid": "7"}, key=KEY)


# What is sent


def test_request_carries_the_key_as_codat_wants_it(peer, codat):
    peer.answers(told=COMPANY)

    codat.get_company(COMPANY_ID)

    [request] = peer.seen
    assert (request.method, request.target) == ("GET", f"/companies/{COMPANY_ID}")
    assert request.headers["authorization"] == "Basic c2stYS1rZXktb2YtdGhlLXRlc3Rz"
    assert request.headers["accept"] == "application/json"
    assert "idempotency-key" not in request.headers


def test_finished_header_from_the_portal_is_taken_as_it_is(peer):
    peer.answers(told=COMPANY)

    Codat(base_url=peer.url, api_key="Basic c2stYS1rZXk=\n").get_company(COMPANY_ID)

    assert peer.seen[0].headers["authorization"] == "Basic c2stYS1rZXk="


def test_base_url_with_a_path_is_kept(peer):
    peer.answers(told=COMPANY)

    Codat(base_url=f"{peer.url}/codat/", api_key=API_KEY).get_company(COMPANY_ID)

    assert peer.seen[0].target == f"/codat/companies/{COMPANY_ID}"


@pytest.mark.parametrize(
    "base_url", ["", "api.codat.io", "ftp://api.codat.io", "https://u:p@codat.io", "https://c.io?a"]
)
def test_base_url_that_is_no_plain_address_is_refused(base_url):
    with pytest.raises(ValueError, match="not a plain http or https address"):
        Codat(base_url=base_url, api_key=API_KEY)


def test_text_in_a_path_cannot_leave_its_place(peer, codat):
    peer.answers(told=told("get-integration.200"))

    codat.get_integration("../companies?x=1#")

    assert peer.seen[0].target == "/integrations/..%2Fcompanies%3Fx%3D1%23"


def test_connection_is_kept_alive(peer, codat):
    for _ in range(3):
        peer.answers(told=COMPANY)
    peer.answers(404, told=told("error.404-company"))
    peer.answers(told=COMPANY)

    for _ in range(3):
        codat.get_company(COMPANY_ID)
    with pytest.raises(Refused):
        codat.get_company(COMPANY_ID)
    codat.with_limits(timeout_seconds=2.0).get_company(COMPANY_ID)

    assert peer.connections == 1


def test_cookies_are_not_kept(peer, codat):
    peer.answers(told=COMPANY, Set_Cookie="a=b; Path=/")
    peer.answers(told=COMPANY)

    codat.get_company(COMPANY_ID)
    codat.get_company(COMPANY_ID)

    assert "cookie" not in peer.seen[1].headers


def test_threads_share_one_client(peer, codat):
    for number in range(40):
        peer.answers(told={**COMPANY, "name": f"Company {number}"})
    names = []

    def ask():
        for _ in range(5):
            names.append(codat.get_company(COMPANY_ID).name)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(names) == sorted(f"Company {number}" for number in range(40))


# Documented errors

DOCUMENTED = [
    ("error.400-bad-request", Refused, False),
    ("error.400-read-in-progress", Refused, False),
    ("error.401", Refused, False),
    ("error.402-account-expired", Refused, False),
    ("error.402-company-limit", Refused, False),
    ("error.403", Refused, False),
    ("error.404-company", Refused, False),
    ("error.404-connection", Refused, False),
    ("error.409-dataset-not-ready", Refused, True),
    ("error.429", Busy, True),
    ("error.500", Unreachable, True),
    ("error.503", Unreachable, True),
]


@pytest.mark.parametrize(("name", "kind", "transient"), DOCUMENTED)
def test_documented_error_becomes_its_leaf(peer, codat, name, kind, transient):
    status = int(name.removeprefix("error.")[:3])
    peer.answers(status, told=told(name))

    with pytest.raises(kind) as caught:
        codat.get_company(COMPANY_ID)

    error = caught.value
    assert (type(error), error.status_code, error.transient) == (kind, status, transient)
    assert (error.operation, error.correlation_id) == ("get_company", told(name)["correlationId"])


@pytest.mark.parametrize("status", [405, 408, 410, 415, 422, 451, 499])
@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b"[1]", b'{"error": 7, "validation": [], "correlationId": {}}']
)
def test_any_refusal_is_told_without_a_body_to_read(peer, codat, status, body):
    peer.answers(status, body=body)

    with pytest.raises(Refused) as caught:
        codat.get_company(COMPANY_ID)

    assert (caught.value.code, caught.value.message, caught.value.correlation_id) == (status, "", "")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "Company\n limit \x1b[31mexceeded"}, "Company limit [31mexceeded"),
        ({"error": "a", "validation": {"errors": [{"message": None}, {"message": "b"}]}}, "b"),
        ({"error": "See https://link.codat.io/x?otp=742271 now"}, "See (address) now"),
        ({"error": "x" * 1000}, "x" * 300),
    ],
)
def test_codats_words_are_cleaned_for_staff(peer, codat, body, message):
    peer.answers(400, told=body)

    with pytest.raises(Refused) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.message == message
    assert message not in str(caught.value)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirect_is_not_followed(peer, codat, status):
    peer.answers(status, body=b"", Location=f"{peer.url}/elsewhere")

    with pytest.raises(Garbled) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "redirect"
    assert len(peer.seen) == 1


@pytest.mark.parametrize("status", [408, 409, 422, 500, 502, 503, 504, 599])
def test_error_with_a_correlation_header_alone_is_named(peer, codat, status):
    peer.answers(status, body=b"", X_Correlation_Id="bc997528a9d7")

    with pytest.raises((Refused, Unreachable)) as caught:
        create(codat)

    assert caught.value.correlation_id == "bc997528a9d7"


@pytest.mark.parametrize("told_id", ["<script>", "a b", "x" * 65, "a\u00e9"])
def test_correlation_id_that_is_none_is_dropped(peer, codat, told_id):
    peer.answers(400, told={"correlationId": told_id})

    with pytest.raises(Refused) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.correlation_id == ""


# Answers nobody can read


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>hello</html>", b'{"id": ', b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b'{"id": "7", "name": "x"}'],
)
def test_success_that_cannot_be_read_is_garbled(peer, codat, body):
    peer.answers(200, body=body, X_Correlation_Id="bc99")

    with pytest.raises(Garbled) as caught:
        create(codat)

    assert (caught.value.operation, caught.value.status_code, caught.value.answered) == ("create_company", 200, True)
    assert caught.value.correlation_id == "bc99"


def test_success_that_is_badly_packed_is_garbled(peer, codat):
    peer.answers(200, body=b"this is no gzip", Content_Encoding="gzip")

    with pytest.raises(Garbled) as caught:
        create(codat)

    assert (caught.value.reason, caught.value.answered) == ("badly packed", True)


def test_success_without_end_is_garbled(peer, codat):
    peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b" " * (MAX_ANSWER_BYTES + 100_000), HANG)

    with pytest.raises(Garbled) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "too long"


def test_error_without_end_is_told_by_its_status(peer, codat):
    peer.sends(b"HTTP/1.1 404 Gone\r\nContent-Length: 99999999999\r\n\r\n", b" " * (MAX_ERROR_BYTES + 100_000), HANG)

    with pytest.raises(Refused) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.is_gone


def test_error_cut_short_is_told_by_its_status(peer, codat):
    peer.sends(b"HTTP/1.1 402 Pay\r\nContent-Length: 900\r\n\r\n{", RESET)

    with pytest.raises(Refused) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.is_limit


# No answer

BROKEN = [
    (RESET,),
    (b"HTTP/1.1 200 OK\r\nContent-Le", RESET),
    (b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"id": "779', RESET),
    (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\nzz\r\n', RESET),
    (b"SSH-2.0-OpenSSH_9.2\r\n", RESET),
    (b"\x00" * 100_000, RESET),
]


@pytest.mark.parametrize("pieces", BROKEN, ids=range(len(BROKEN)))
def test_broken_answer_is_unreachable_and_leaves_the_key_usable(peer, codat, pieces):
    peer.sends(*pieces)

    with pytest.raises(Unreachable) as caught:
        create(codat)

    assert (caught.value.reason, caught.value.status_code, caught.value.answered) == ("broken", None, False)
    assert len(peer.seen) == 1


def test_refused_connection_is_unreachable(peer):
    codat = patient(peer, read_retries=0)
    peer.close()

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "connect"


def test_name_nobody_knows_is_unreachable():
    codat = Codat(base_url="http://codat.invalid", api_key=API_KEY, read_retries=0)

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason == "dns"


def test_peer_without_tls_is_unreachable(peer):
    codat = Codat(base_url=peer.url.replace("http:", "https:"), api_key=API_KEY, read_retries=0)

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert caught.value.reason in {"tls", "broken"}


DRIPPING = {
    "nothing": (HANG,),
    "status line": ((b"H",),),
    "headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", (b"a",)),
    "many headers": (b"HTTP/1.1 200 OK\r\n", (b"A: b\r\n",)),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", (b" ",)),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", (b"1\r\n \r\n",)),
    "continue": ((b"HTTP/1.1 100 Continue\r\n\r\n",),),
}


@pytest.mark.parametrize("pieces", DRIPPING.values(), ids=DRIPPING)
@pytest.mark.parametrize("timeout_seconds", [0.3, (0.1, 0.2)])
def test_peer_that_never_ends_its_answer_is_given_up(peer, codat, pieces, timeout_seconds):
    peer.sends(*pieces)

    with pytest.raises(Unreachable) as caught:
        create(codat.with_limits(timeout_seconds=timeout_seconds))

    assert (caught.value.reason, caught.value.answered) in {("timeout", False), ("broken", False)}


def test_error_whose_body_never_ends_is_told_by_its_status(peer, codat):
    peer.sends(b"HTTP/1.1 503 Later\r\nContent-Length: 100000\r\n\r\n", (b" ",))

    with pytest.raises(Unreachable) as caught:
        create(codat.with_limits(timeout_seconds=1.0))

    assert (caught.value.reason, caught.value.status_code) == ("server", 503)


def test_connection_left_in_the_middle_is_not_used_again(peer, codat):
    peer.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", 0.5, b'{"id": "the late one"}')
    peer.answers(told=COMPANY)

    with pytest.raises(Unreachable):
        codat.with_limits(timeout_seconds=0.2).get_company(COMPANY_ID)

    assert codat.get_company(COMPANY_ID).id == COMPANY_ID
    assert peer.connections == 2


# Repeating


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


# What is written down


def test_call_writes_one_line_of_ids(peer, codat, caplog):
    caplog.set_level(logging.INFO, "onboarding.codat")
    peer.answers(told=told("create-connection.200"))

    codat.create_connection(COMPANY_ID, "qhyg", key=KEY)

    [line] = [record for record in caplog.records if record.name == "onboarding.codat"]
    assert line.getMessage() == "codat create_connection"
    assert (line.codat_ids, line.status_code, line.tries, line.failure) == (str(COMPANY_ID), 200, 1, "")


def test_failed_call_writes_one_warning(peer, caplog):
    for _ in range(3):
        peer.answers(503, told=told("error.503"))

    with pytest.raises(Unreachable):
        patient(peer).get_company(COMPANY_ID)

    [line] = [record for record in caplog.records if record.name == "onboarding.codat"]
    assert (line.levelname, line.failure, line.tries) == ("WARNING", "unreachable server", 3)
    assert line.correlation_id == told("error.503")["correlationId"]


TROUBLE = {
    "reset": (RESET,),
    "drip": ((b"H",),),
    "half": (b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"linkUrl": "https://link.codat.io/x?otp=742271"', RESET),
    "garbage": (b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"otp": "742271"',),
    "refusal": (b'HTTP/1.1 400 No\r\nContent-Length: 33\r\n\r\n{"error": "otp=742271 sk-a-key.."}',),
    "headers": (b"HTTP/1.1 403 No\r\nLocation https://link.codat.io/x?otp=742271\r\n\r\n\r\n", RESET),
    "redirect": (b"HTTP/1.1 302 No\r\nLocation: https://link.codat.io/x?otp=742271\r\nContent-Length: 0\r\n\r\n",),
}


ASKED = {"tags": "uid=a-customers-uid", "query": "name=Sawayn"}


@pytest.mark.parametrize("pieces", TROUBLE.values(), ids=TROUBLE)
def test_failure_shows_no_secret_anywhere(peer, codat, caplog, pieces):
    caplog.set_level(logging.INFO)
    peer.sends(*pieces)

    with pytest.raises((Unreachable, Garbled, Refused)) as caught:
        codat.with_limits(timeout_seconds=0.3).list_companies(**ASKED)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(codat)
    shown += caplog.text + repr([vars(record) for record in caplog.records])
    secrets = [API_KEY, "c2stYS1rZXk", "742271", "link.codat.io", "a-customers-uid", "Sawayn"]
    assert [secret for secret in secrets if secret in shown] == []


def test_failure_drags_no_other_exception_along(peer, codat):
    peer.sends(RESET)

    with pytest.raises(Unreachable) as caught:
        codat.get_company(COMPANY_ID)

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_client_shows_its_address_and_no_key(peer, codat):
    assert repr(codat) == f"<Codat at {peer.url}>"
    assert API_KEY not in repr(vars(codat)) + repr(vars(codat._transport))


def test_client_that_is_dropped_leaves_no_socket_open(peer):
    peer.answers(told=COMPANY)
    patient(peer).get_company(COMPANY_ID)

    gc.collect()  # warnings are errors here: a socket left open would be one
