"""The examination: each thing that can be wrong, its line and its remedy."""

import json
import time
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from onboarding import checks, wiring
from onboarding.models import Company, Delivery, Heartbeat
from onboarding.usecases.watch import doctor, doctor_account
from onboarding.usecases.watch.findings import Level
from tests import factories
from tests.webhooks.letters import deliver, letter, post

NEW_SECRET = "whsec_dGhlLW5ldy1zZWNyZXQtb2YtYS1yb3RhdGlvbg=="
pytestmark = pytest.mark.django_db


@pytest.fixture
def well(sandbox):
    """Everything as it should be."""
    sandbox.settings(redirect_url=doctor_account.return_template())
    doctor_account.create_webhook()
    Heartbeat.objects.create(name="worker", at=timezone.now())
    deliver(letter("company.created", {}))
    return sandbox


def levels() -> dict[str, Level]:
    return {finding.check: finding.level for finding in doctor.examine()}


def finding(check: str):
    return next(each for each in doctor.examine() if each.check == check)


def test_all_is_well(well):
    said = {check: level for check, level in levels().items() if level != Level.OK}

    assert said == {"products": Level.WARNING}  # no company shows yet which are enabled


def test_a_wrong_key_is_named_and_codat_is_not_asked_further(well, settings):
    settings.CODAT_API_KEY = "wrong"
    well.forget_requests()

    assert (finding("key").level, "CODAT_API_KEY" in finding("key").fix) == (Level.FAILED, True)
    assert {request.path for request in well.requests()} == {"/profile"}


@pytest.mark.parametrize(
    ("name", "value", "says", "fix"),
    [
        ("CODAT_BASE_URL", "", "CODAT_BASE_URL is not set", "settings"),
        ("CODAT_API_KEY", "", "CODAT_API_KEY is not set", "settings"),
        ("CODAT_API_KEY", "dGVzdC1rZXktMDEyMzQ1Ng==", "(401)", "base64-encoded already"),
        ("CODAT_BASE_URL", "http://127.0.0.1:9", "(connect)", "may this machine reach it"),
        ("CODAT_BASE_URL", "https://nowhere.invalid", "(dns)", "https://api.codat.io"),
        ("CODAT_BASE_URL", "api.codat.io", "no address", "https://api.codat.io"),
    ],
)
def test_what_is_wrong_with_key_or_address_is_told_apart(well, settings, name, value, says, fix):
    setattr(settings, name, value)
    found = finding("key")

    assert found.level == Level.FAILED
    assert says in found.says
    assert fix in found.fix


@pytest.mark.parametrize(
    ("status", "says", "fix"),
    [
        (402, "(402)", "talk to Codat"),
        (403, "(403)", "make a new one"),
        (404, "does not speak as Codat does (404)", "without a path"),
        (429, "asks us to wait", "quota"),
        (503, "503", "status page"),
    ],
)
def test_what_codat_answers_instead_of_our_profile_is_told_apart(well, status, says, fix):
    well.next_answer(status, path="/profile")
    found = finding("key")

    assert found.level == Level.FAILED
    assert says in found.says
    assert fix in found.fix


def test_a_page_that_is_not_codats_is_no_refusal_of_the_key(well):
    well.garble("html", "GET", "/profile")

    assert "does not speak as Codat does" in finding("key").says


def test_without_codat_every_check_has_its_line_all_the_same(well, settings):
    checks_of_a_good_day = set(levels())
    settings.CODAT_API_KEY = "wrong"

    assert checks_of_a_good_day - set(levels()) == {"return"}
    assert levels()["webhook"] == Level.WARNING


def test_pending_migrations_are_said_before_anything_else_is_tried(well):
    call_command("migrate", "onboarding", "zero", fake=True, verbosity=0)
    found = list(doctor.examine())
    call_command("migrate", "onboarding", fake=True, verbosity=0)

    assert [each.check for each in found] == ["settings", "database"]
    assert found[-1].fix == "Run: manage.py migrate"


@pytest.mark.parametrize("address", ["", "api.codat.io"])
def test_without_an_address_of_codat_the_settings_say_so_and_nothing_is_asked(settings, address):
    settings.CODAT_BASE_URL = address

    assert finding("settings").level == Level.FAILED
    assert finding("key").level == Level.FAILED
    with pytest.raises(ImproperlyConfigured, match="CODAT_BASE_URL"):
        call_command("doctor", create_webhook=True)


def test_another_return_address_is_found(well):
    well.settings(redirect_url="https://elsewhere.example/")
    assert finding("return").level == Level.FAILED

    well.settings(redirect_url=doctor_account.return_template().replace("&statusText={statusText}", ""))
    assert (finding("return").level, "statusText" in finding("return").says) == (Level.WARNING, True)


def test_a_platform_that_is_not_enabled_is_named(well):
    well.enable("gbol", False)

    assert "Xero" in finding("platforms").says


def test_a_missing_endpoint_is_found_and_can_be_created(sandbox):
    assert finding("webhook").level == Level.FAILED

    assert "by hand" in doctor_account.create_webhook().fix
    assert finding("webhook").level == Level.OK
    assert "already" in doctor_account.create_webhook().says
    assert len(sandbox.requests("webhooks", "POST")) == 1


def test_an_address_that_is_nearly_ours_is_shown(sandbox):
    types = doctor_account.event_types()
    wiring.codat().create_webhook(url="https://old.example/webhooks/codat/", event_types=types, key=uuid4())
    found = finding("webhook")

    assert "https://old.example/webhooks/codat/" in found.says
    assert all(words in found.fix for words in ("--create-webhook", doctor_account.webhook_url(), *types))


def test_codat_itself_cannot_post_to_this_machine(settings):
    settings.CODAT_BASE_URL, settings.PUBLIC_URL = "https://api.codat.io", "http://127.0.0.1:8000"

    assert "on this machine alone" in doctor_account.create_webhook().says


def test_without_a_usable_secret_nothing_can_be_believed(well, settings):
    settings.CODAT_WEBHOOK_SECRETS = ["whsec_%%%"]

    assert finding("secret").level == Level.FAILED


def test_the_last_use_of_an_old_secret_is_told_until_it_can_go(well, settings):
    settings.CODAT_WEBHOOK_SECRETS = [NEW_SECRET, *settings.CODAT_WEBHOOK_SECRETS]
    assert "it can go" in finding("secret").says

    deliver(letter("company.created", {}))  # signed with the old one
    assert f"last used at {timezone.now():%Y-%m-%d}" in finding("secret").says
    assert "(1 times" in finding("secret").says


def test_a_test_event_that_was_believed_is_told_with_its_time(well):
    assert f"company.created received {timezone.now():%Y-%m-%d}" in finding("events").says


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({"secret": NEW_SECRET}, "the secret"),
        ({"at": time.time() - 900}, "the clock"),
        ({"at": time.time() + 900}, "the clock"),
    ],
)
def test_why_messages_are_refused_is_told_apart(well, how, cause):
    for _ in range(3):
        assert post(letter("company.created", {}), **how) == 400

    assert finding("events").level == Level.FAILED
    assert cause in finding("events").says


def test_a_body_that_was_changed_on_its_way_is_told_of(well):
    assert post(b"[]") == 400

    assert (finding("events").level, "body" in finding("events").says) == (Level.WARNING, True)


def test_a_clock_that_is_off_is_found(well):
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert finding("clock").level == Level.FAILED


def test_a_silent_worker_is_found(well):
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=5))

    assert finding("worker").level == Level.FAILED


def test_a_product_that_is_missing_at_codat_is_found(well):
    company = factories.company(factories.ana())
    Company.objects.filter(pk=company.pk).update(codat_id=company.uid, codat_products=["lending"])

    assert finding("products").level == Level.FAILED


def test_an_open_alarm_is_a_failed_line_with_its_remedy(well):
    deliver(letter("connection.connected", {"referenceCompany": {"id": str(factories.company(factories.ana()).uid)}}))
    Delivery.objects.update(parked_at=timezone.now())

    assert "replay_webhooks" in finding("alarm deliveries.parked").fix


def test_the_command_writes_a_line_each_and_fails_if_anything_failed(well, settings):
    out = StringIO()
    call_command("doctor", stdout=out)
    assert "ok      key" in out.getvalue()

    Heartbeat.objects.all().delete()
    with pytest.raises(CommandError, match="1 of"):
        call_command("doctor", stdout=StringIO())


def test_the_command_writes_json_for_machines(well):
    out = StringIO()
    call_command("doctor", "--json", stdout=out)

    assert {"check", "level", "says", "fix"} == set(json.loads(out.getvalue())[0])


def test_nothing_secret_is_said(well, settings):
    out = StringIO()
    call_command("doctor", stdout=out)

    assert settings.CODAT_API_KEY not in out.getvalue()
    assert settings.CODAT_WEBHOOK_SECRETS[0] not in out.getvalue()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KEEP_DELIVERIES_DAYS", 30, []),
        ("KEEP_DELIVERIES_DAYS", 14, ["onboarding.W030"]),
        ("QUOTA_RESERVE_PERCENT", 12, []),
        ("QUOTA_RESERVE_PERCENT", 0, ["onboarding.W031"]),
        ("QUOTA_RESERVE_PERCENT", 100, ["onboarding.W031"]),
    ],
)
def test_settings_that_do_harm_are_said_without_a_network(settings, name, value, told):
    setattr(settings, name, value)

    found = [*checks.memory_outlives_replays(None), *checks.customers_have_a_reserve(None)]
    assert [each.id for each in found] == told
