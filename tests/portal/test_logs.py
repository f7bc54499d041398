import base64
import io
import json
import logging
import logging.config

import pytest

from portal import logs

KEY = "k-0123456789-abcdef"
LINES = [
    (f"Authorization: Basic {base64.b64encode(KEY.encode()).decode()}", base64.b64encode(KEY.encode()).decode()),
    (f"the key {KEY} itself", KEY),
    ("secret whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD here", "C2FVsBQ"),
    ("GET https://link-api.codat.io/companies/1/connections/2/start?otp=742271", "742271"),
    ("GET http://127.0.0.1:8001/link/start?x=1&otp=742271&y=2", "742271"),
    ("/company/1?link.otp=993311", "993311"),
    ("POST /invite/eyJhbGciOi.J9-abc_def/ 303", "eyJhbGciOi"),
    ("GET /sign-in/link/q8Zr5XtokenT0/ 200", "q8Zr5XtokenT0"),
    ("POST /reminders/tok-en_123/ 200", "tok-en_123"),
    ("postgres://portal:hunter2hunter@db/portal", "hunter2hunter"),
]


@pytest.fixture
def written():
    """What a logger writes in JSON, as lines."""
    out = io.StringIO()
    config = logs.logging_settings("json")
    handler = logging.StreamHandler(out)
    formatter = config["formatters"]["structlog"]
    handler.setFormatter(formatter["()"](**{name: value for name, value in formatter.items() if name != "()"}))
    logger = logging.getLogger("tests.logs")
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.INFO)
    yield logger, out
    logger.handlers = []


@pytest.mark.parametrize(("text", "secret"), LINES, ids=[secret[:8] for _, secret in LINES])
def test_secret_never_reaches_a_line(written, text, secret):
    logger, out = written
    logs.keep_out([KEY])
    logger.info("told %s", text, extra={"detail": {"nested": [text]}})
    assert secret in text
    assert secret not in out.getvalue()
    assert "***" in out.getvalue()


def test_name_that_says_secret_hides_its_value(written):
    logger, out = written
    logger.info("called", extra={"password": "plain words", "count": 3})
    line = json.loads(out.getvalue())
    assert (line["password"], line["count"]) == ("***", 3)


def test_control_characters_cannot_forge_a_line(written):
    logger, out = written
    logger.info("name %s", "Toft\n2026 admin signed in\x1b[2J\u2028")
    line = json.loads(out.getvalue())
    assert line["event"] == r"name Toft\x0a2026 admin signed in\x1b[2J\x2028"


def test_traceback_is_one_json_line_without_secrets(written):
    logger, out = written
    logs.keep_out([KEY])
    try:
        raise ValueError(f"refused for {KEY}")
    except ValueError:
        logger.exception("failed")
    assert out.getvalue().count("\n") == 1
    assert "ValueError: refused for ***" in json.loads(out.getvalue())["exception"]


def test_ordinary_words_stay_as_they_are(written):
    logger, out = written
    logger.info("GET /c/MSB-4821/connect/xero/ basic setup in 0.2 s")
    assert json.loads(out.getvalue())["event"] == "GET /c/MSB-4821/connect/xero/ basic setup in 0.2 s"
