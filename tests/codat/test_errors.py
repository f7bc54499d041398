import pickle

import pytest

from onboarding.codat import BadSignature, Busy, CodatError, Garbled, Refused, Unreachable

LEAVES = [
    Unreachable("create_company", reason="timeout"),
    Busy("get_company", status_code=429, retry_after=7.0),
    Refused("get_company", status_code=404, message="No company", correlation_id="0a40"),
    Garbled("get_company", reason="not JSON", status_code=200),
    BadSignature("old"),
]


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.kind)
def test_error_survives_the_way_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert vars(copy) == vars(error)


def test_text_names_what_staff_quote_to_support():
    error = Unreachable("get_company", reason="server", status_code=503, retry_after=30.0, correlation_id="bc99")

    assert str(error) == "get_company unreachable 503 (server) retry after 30 s correlation bc99"
    assert repr(error) == f"<Unreachable: {error}>"


def test_text_keeps_codats_own_words_to_itself():
    error = Refused("create_company", status_code=402, message="Acme Ltd is over the limit")

    assert str(error) == "create_company refused 402"
    assert error.message == "Acme Ltd is over the limit"


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (Unreachable(), True),
        (Busy(), True),
        (Refused(status_code=400), False),
        (Refused(status_code=408), True),
        (Refused(status_code=409), True),
        (Refused(status_code=422), False),
        (Garbled(), False),
        (BadSignature(), False),
        (CodatError(), False),
    ],
)
def test_transient_says_whether_asking_again_may_work(error, transient):
    assert error.transient is transient


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (Unreachable(reason="timeout"), False),
        (Unreachable(status_code=500), True),
        (Busy(status_code=429), False),
        (Busy(reason="held back"), False),
        (Refused(status_code=409), False),
        (Refused(status_code=402), True),
        (Garbled(status_code=200), True),
    ],
)
def test_answered_says_whether_the_key_is_spent(error, answered):
    assert error.answered is answered


def test_refused_names_what_staff_must_do():
    asked = {code: Refused(status_code=code) for code in (401, 402, 403, 404, 422)}

    assert [code for code, error in asked.items() if error.is_unauthorised] == [401, 403]
    assert [code for code, error in asked.items() if error.is_limit] == [402]
    assert [code for code, error in asked.items() if error.is_gone] == [404]
