"""Answers that say no, and answers that nobody can read, over real sockets."""

import pytest

from onboarding.codat import Busy, Garbled, Refused, Unreachable
from onboarding.codat.call import MAX_ANSWER_BYTES, MAX_ERROR_BYTES

from .calls import COMPANY_ID, create
from .conftest import told
from .peer import HANG, RESET

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
