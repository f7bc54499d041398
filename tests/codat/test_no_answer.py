"""Lines that break, drip or hang, over real sockets."""

import pytest

from onboarding.codat import Codat, Unreachable

from .calls import COMPANY, COMPANY_ID, create, patient
from .conftest import API_KEY
from .peer import HANG, RESET

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

    assert caught.value.reason in {"tls", "broken", "timeout"}  # the peer may wait for a line that never ends


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
