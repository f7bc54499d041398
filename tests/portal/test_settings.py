"""The settings as processes read them, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": "var/test/none"}
SAFE = {
    "PUBLIC_URL": "https://connect.example.com",
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "CODAT_BASE_URL": "https://api.codat.io",
    "CODAT_API_KEY": "only-for-tests",
    "CODAT_WEBHOOK_SECRET": "whsec_b25seS1mb3ItY2hlY2tpbmctMDEyMzQ1Njc4OQ==",
    "EMAIL_URL": "smtp+tls://portal:only-for-tests@mail.example.com:587",
    "PRODUCT_URLS": "bill_pay_async=https://bills.example.com",
}


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env={**BARE, **env}, capture_output=True, text=True, timeout=60
    )


def read(name: str, **env: str) -> object:
    told = run("-c", f"import json; from portal import settings; print(json.dumps(settings.{name}))", **env)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_settings_load_with_no_environment_at_all():
    assert read("CODAT_BASE_URL") == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "abc"), ("TIME_ZONE", "Mars/Olympus"), ("LOG_FORMAT", "xml"), ("SWEEP_MINUTES", "0"), ("DEBUG", "hm")],
)
def test_wrong_value_stops_a_command_with_one_sentence(name, value):
    told = run("manage.py", "check", **SAFE, **{name: value})
    assert told.returncode == 1
    assert told.stderr.startswith(f"Cannot start: {name} is ")
    assert told.stderr.count("\n") == 1


def test_folder_of_mails_is_where_it_says():
    assert read("EMAIL_FILE_PATH", EMAIL_URL="filemail:///tmp/portal-mails") == "/tmp/portal-mails"


def test_check_deploy_is_silent_with_production_settings():
    told = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **SAFE)
    assert (told.returncode, told.stderr) == (0, "")


def test_https_binds_the_cookies_to_the_host():
    assert read("SESSION_COOKIE_NAME", **SAFE) == "__Host-sessionid"
    assert read("SESSION_COOKIE_NAME") == "sessionid"


def test_statement_timeout_holds_for_the_web_process_alone():
    postgres = {"DATABASE_URL": "postgres://u:p@127.0.0.1/x"}
    assert "options" not in read("DATABASES['default']['OPTIONS']", **postgres)
    told = read("DATABASES['default']['OPTIONS']", **postgres, PORTAL_PROCESS="web")
    assert told["options"] == "-c statement_timeout=2000"


def test_forwarded_scheme_counts_only_with_a_trusted_proxy():
    asked = "__dict__.get('SECURE_PROXY_SSL_HEADER')"
    assert read(asked) is None
    assert read(asked, TRUSTED_PROXY="10.0.0.1") == ["HTTP_X_FORWARDED_PROTO", "https"]


@pytest.mark.parametrize("missing", ["CODAT_BASE_URL", "CODAT_API_KEY", "SECRET_KEY"])
@pytest.mark.parametrize(
    "process",
    [
        ["-c", "import portal.wsgi"],
        ["-m", "celery", "-A", "portal", "worker", "-P", "solo"],
        ["-m", "celery", "-A", "portal", "beat"],
    ],
    ids=["web", "worker", "beat"],
)
def test_process_without_what_it_needs_names_it(process, missing):
    told = run(*process, **{**SAFE, missing: "", "CELERY_BROKER_URL": "memory://"})
    assert told.returncode != 0
    assert f"{missing} is not set" in told.stderr
    assert "Traceback" not in told.stderr
