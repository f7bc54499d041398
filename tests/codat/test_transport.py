"""What is sent over the line, and what is written down of it, over real sockets."""

import gc
import logging
import threading
import traceback

import pytest

from onboarding.codat import Codat, Garbled, Refused, Unreachable

from .calls import COMPANY, COMPANY_ID, KEY, patient
from .conftest import API_KEY, told
from .peer import RESET

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
