"""`check --deploy`, and what the settings of production make of cookies, https and waits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.checks import WARNING, CheckMessage
from django.core.checks.security import base, csrf, sessions

from onboarding import checks
from tests.security.production import run, script, settings_of

LISTED = "W001 W002 W003 W004 W005 W006 W008 W009 W010 W011 W012 W013 W014 W015 W016 W018 W019 W020 W021 W022 W025"
LISTED_ERRORS = "E023 E024 E101 E102"

# Signs in by a mailed link and looks at what every answer sets, on a database in memory.
A_VISIT = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
from django.test import Client
from onboarding.models import User
from onboarding.usecases import signin
user = User.objects.create_user("ana@marlow.example")
https = {"secure": True, "SERVER_NAME": "connect.example.com"}
client = Client(enforce_csrf_checks=True)
path = signin.link_for(user).removeprefix("https://connect.example.com")
seen, cookies = {}, {}
def look(name, answer):
    seen[name] = [answer.status_code, answer.get("Location", ""), answer.get("Strict-Transport-Security", "")]
    for cookie in answer.cookies.values():
        cookies[cookie.key] = {part: cookie[part] for part in ("secure", "httponly", "samesite", "path", "domain")}
    return answer
form = look("link", client.get(path, **https))
token = str(form.context["csrf_token"]) if form.context else ""
look("signed in", client.post(path, {"csrfmiddlewaretoken": token}, headers={"Origin": "null"}, **https))
page = look("page", client.get("/data/", **https))
look("language", client.post("/language/", {"csrfmiddlewaretoken": str(page.context["csrf_token"]), "language": "fr"},
    headers={"Referer": "https://connect.example.com/data/"}, **https))
look("cross-site form", client.post("/language/", {"csrfmiddlewaretoken": str(page.context["csrf_token"])},
    headers={"Referer": "https://evil.example/"}, **https))
look("plain", client.get("/data/", SERVER_NAME="connect.example.com"))
look("plain post", client.post("/sign-in/", SERVER_NAME="connect.example.com"))
look("health", client.get("/healthz", SERVER_NAME="connect.example.com"))
look("webhook", client.post("/webhooks/codat/", b"{}", content_type="application/json", **https))
look("back from codat", client.get("/return/?statusCode=200", headers={"Sec-Fetch-Site": "cross-site"}, **https))
print(json.dumps([seen, cookies]))
"""


@pytest.fixture(scope="module")
def visit() -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    local = {
        "DATABASE_URL": "sqlite://:memory:",
        "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }
    seen, cookies = script(
        A_VISIT.replace("from django.test import Client", PREPARED), **local, EMAIL_URL="dummymail://"
    )
    return seen, cookies


PREPARED = """from django.test.utils import setup_test_environment
setup_test_environment()
from django.test import Client"""


def test_cookies_on_https_are_bound_to_the_host_and_to_https(visit):
    _seen, cookies = visit

    assert set(cookies) == {"__Host-sessionid", "__Host-csrftoken", "__Host-language", "__Host-known"}
    for cookie in cookies.values():
        assert cookie == {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}


def test_browsers_are_told_of_https_on_every_answer(visit):
    seen, _cookies = visit
    over_https = {name: told[2] for name, told in seen.items() if not name.startswith(("plain", "health"))}

    assert set(over_https.values()) == {"max-age=31536000; includeSubDomains; preload"}


def test_plain_http_is_sent_to_https_but_for_those_who_watch(visit):
    seen, _cookies = visit

    assert seen["plain"][:2] == [301, "https://connect.example.com/data/"]
    assert seen["plain post"][0] == 301
    assert seen["health"][0] == 200


def test_sign_in_works_and_holds_on_the_way_back_from_another_site(visit):
    seen, _cookies = visit

    assert seen["signed in"][:2] == [303, "/"]
    assert seen["back from codat"][:2] == [302, "/"]  # signed in still: nobody's return leads home


def test_form_from_another_site_is_refused_by_its_referrer(visit):
    seen, _cookies = visit

    assert (seen["language"][0], seen["cross-site form"][0]) == (303, 403)


def test_webhook_is_answered_without_a_redirect(visit):
    seen, _cookies = visit

    assert seen["webhook"][0] == 400


@pytest.fixture(scope="module")
def deploy_check() -> str:
    told = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return f"{told.returncode} {told.stdout}{told.stderr}"


def test_check_deploy_is_silent(deploy_check: str):
    assert deploy_check.startswith("0 System check identified no issues (0 silenced).")


def test_nothing_is_silenced_and_every_listed_check_exists():
    known = {f"{kind}{number}" for module in (base, csrf, sessions) for kind, number in _ids(module)}

    assert settings_of("SILENCED_SYSTEM_CHECKS") == {"SILENCED_SYSTEM_CHECKS": None}
    assert set(LISTED.split()) | set(LISTED_ERRORS.split()) <= known


def _ids(module: Any) -> list[tuple[str, str]]:
    with open(module.__file__) as file:
        return re.findall(r"security\.([WE])(\d+)", file.read())


@pytest.mark.parametrize(
    ("setting", "value", "found"),
    [
        ("IS_HTTPS", False, "onboarding.W010"),
        ("ALLOWED_HOSTS", ["*"], "onboarding.W011"),
        ("ALLOWED_HOSTS", [".example.com"], "onboarding.W011"),
        ("SESSION_COOKIE_NAME", "sessionid", "onboarding.W012"),
        ("CSRF_COOKIE_NAME", "csrftoken", "onboarding.W012"),
        ("DEMO", True, "onboarding.W013"),
        ("WEB_STATEMENT_SECONDS", 0, "onboarding.W015"),
        ("CELERY_BROKER_CONNECTION_TIMEOUT", None, "onboarding.W016"),
        ("TRUSTED_PROXY", ["0.0.0.0/0"], "onboarding.W018"),
        ("TRUSTED_PROXY", ["10.0.0.1", "::/0"], "onboarding.W018"),
        ("STAFF_SECOND_FACTOR", False, "onboarding.W019"),
        ("METRICS_TOKEN", "guess", "onboarding.W021"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "onboarding.W023"),
        ("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend", "onboarding.W024"),
        ("CODAT_BASE_URL", "http://api.codat.io", "onboarding.E003"),
        ("CODAT_BASE_URL", "https://codat.evil.example", "onboarding.W003"),
        ("CODAT_BASE_URL", "", "onboarding.E001"),
        ("CODAT_API_KEY", "", "onboarding.E002"),
        ("CODAT_WEBHOOK_SECRETS", [], "onboarding.W006"),
        ("CODAT_WEBHOOK_SECRETS", ["plain"], "onboarding.E007"),
    ],
)
def test_our_own_check_objects(in_production, settings, setting: str, value: object, found: str):
    assert ids() == []

    setattr(settings, setting, value)

    assert found in ids()


@pytest.mark.parametrize(
    ("part", "value", "found"),
    [("CONN_HEALTH_CHECKS", False, "onboarding.W014"), ("ATOMIC_REQUESTS", True, "onboarding.W017")],
)
def test_our_own_check_objects_to_the_database(
    in_production, monkeypatch, settings, part: str, value: bool, found: str
):
    monkeypatch.setitem(settings.DATABASES["default"], part, value)

    assert ids() == [found]


@pytest.fixture
def in_production(settings, monkeypatch) -> None:
    settings.IS_HTTPS, settings.ALLOWED_HOSTS, settings.DEMO = True, ["connect.example.com"], False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    settings.LANGUAGE_COOKIE_NAME, settings.STAFF_SECOND_FACTOR = "__Host-language", True
    settings.CODAT_BASE_URL, settings.EMAIL_HOST = "https://api.codat.io", "mail.example.com"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")


def ids() -> list[str]:
    own = (*checks.DEMANDED, checks.site_is_public_by_https, checks.doors_are_shut, checks.waits_are_limited)
    told: list[CheckMessage] = [message for check in own for message in check(None)]
    assert all(message.level >= WARNING for message in told)
    return [str(message.id) for message in told]


@pytest.mark.parametrize("missing", ["SECRET_KEY", "CODAT_API_KEY", "CODAT_BASE_URL"])
def test_web_does_not_start_without_its_secrets(missing: str):
    told = run("-c", "import portal.wsgi", **{missing: ""})

    assert told.returncode != 0
    assert f"{missing} is not set" in told.stderr


def test_secrets_come_from_files_too_and_two_stand_during_a_rotation(tmp_path):
    (tmp_path / "key").write_text("from-a-file-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH\n")
    (tmp_path / "old").write_text("older-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN,oldest\n")
    told = settings_of(
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "CODAT_WEBHOOK_SECRETS",
        SECRET_KEY_FILE=str(tmp_path / "key"),
        SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "old"),
        CODAT_WEBHOOK_SECRET="whsec_bmV3,whsec_b2xk",
    )

    assert told["SECRET_KEY"].startswith("from-a-file")
    assert [key.partition("-")[0] for key in told["SECRET_KEY_FALLBACKS"]] == ["older", "oldest"]
    assert told["CODAT_WEBHOOK_SECRETS"] == ["whsec_bmV3", "whsec_b2xk"]


def test_wrong_setting_is_named_and_its_value_is_not_shown():
    told = run("manage.py", "check", DATABASE_URL="no-address-hunter2", PORT="hunter2")

    assert told.returncode == 1
    assert "hunter2" not in told.stdout + told.stderr


def test_demo_mail_has_no_address_outside_the_demo():
    routes = script("from tests.security.walk import places\nprint(json.dumps([p.route for p in places()]))")

    assert [route for route in routes if route.startswith("demo")] == []


def test_debug_is_off_and_pages_are_static_when_something_breaks():
    assert settings_of("DEBUG", "DEBUG_PROPAGATE_EXCEPTIONS") == {"DEBUG": False, "DEBUG_PROPAGATE_EXCEPTIONS": None}


def test_statement_and_broker_waits_are_limited():
    told = settings_of("DATABASES", "CELERY_BROKER_CONNECTION_TIMEOUT", PORTAL_PROCESS="web")

    assert told["DATABASES"]["default"]["OPTIONS"]["options"] == "-c statement_timeout=2000"
    assert told["DATABASES"]["default"]["CONN_HEALTH_CHECKS"] is True
    assert told["CELERY_BROKER_CONNECTION_TIMEOUT"] == 4


def test_secrets_of_production_are_masked_in_texts():
    """Each by its own value, wherever it turns up."""
    masked = script(
        "from portal.logs import hide\nfrom django.conf import settings as s\n"
        "print(json.dumps(hide(' '.join([s.SECRET_KEY, s.CODAT_API_KEY, *s.CODAT_WEBHOOK_SECRETS]))))"
    )

    assert masked.split() == ["***", "***", "***"]
