"""The examination: each thing that can be wrong, its line and its remedy."""

import json
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from onboarding import checks
from onboarding.models import Company, Delivery, Heartbeat
from onboarding.usecases.watch import doctor, doctor_account
from onboarding.usecases.watch.findings import Level
from tests import factories
from tests.webhooks.letters import deliver, letter

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
    assert {check: level for check, level in levels().items() if level != Level.OK} == {}


def test_a_wrong_key_is_named_and_codat_is_not_asked_further(well, settings):
    settings.CODAT_API_KEY = "wrong"
    well.forget_requests()

    assert (finding("key").level, "CODAT_API_KEY" in finding("key").fix) == (Level.FAILED, True)
    assert {request.path for request in well.requests()} == {"/profile"}


def test_codat_away_is_a_finding(well, settings):
    settings.CODAT_BASE_URL = "http://127.0.0.1:9"

    assert finding("key").level == Level.FAILED


@pytest.mark.parametrize("address", ["", "api.codat.io"])
def test_without_an_address_of_codat_the_settings_say_so_and_nothing_is_asked(settings, address):
    settings.CODAT_BASE_URL = address

    assert finding("settings").level == Level.FAILED
    assert "key" not in levels()
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
