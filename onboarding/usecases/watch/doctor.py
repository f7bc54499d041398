"""Is everything set up, here and at Codat? One finding for each thing to look at, with the remedy."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core import checks as django_checks
from django.utils import timezone

from ... import codat, quota
from ...models import Company, Delivery, Heartbeat
from ...platforms import TABLES
from ...wiring import Errand
from ...wiring import codat as codat_for
from . import alarm_words, alarms
from .doctor_account import ASKED_OF_CODAT, return_address
from .findings import Finding, Level

HEARTBEAT_STALE_AFTER = timedelta(minutes=1)


def examine() -> Iterator[Finding]:
    """All findings, in the order in which to mend them. Asks Codat about seven times; no answer is a finding, too."""
    yield from _settings()
    profile = yield from _account()
    if profile is not None:
        yield return_address(profile)
        for check, look in ASKED_OF_CODAT.items():
            try:
                yield from look()
            except codat.CodatError as error:
                yield Finding(check, Level.FAILED, f"Codat did not answer: {error}.", "Try again later.")
        yield _quota()
    yield from _products()
    yield _worker()
    yield _events_arrive()
    yield from _alarms()


def _settings() -> Iterator[Finding]:
    found = [told for told in django_checks.run_checks() if (told.id or "").startswith("onboarding.")]
    for told in found:
        level = Level.FAILED if told.is_serious() else Level.WARNING
        yield Finding("settings", level, f"{told.msg} ({told.id})", told.hint or "")
    if not found:
        yield Finding(
            "settings", Level.OK, "The settings are complete, the API key and the secret have the right form."
        )


def _account() -> Any:
    try:
        profile = codat_for(Errand.CLICK).get_profile()
    except ValueError:  # no address that could be asked: the settings above say so
        return None
    except codat.Refused as error:
        fixes = {
            401: "Copy the API key from the Codat Portal (Developers > API keys) into CODAT_API_KEY.",
            402: "Codat says that the account is over its limits or its trial has ended: talk to Codat.",
            403: "The key is of another account or outdated: make a new one in the Codat Portal.",
        }
        yield Finding(
            "key", Level.FAILED, f"Codat refuses the API key ({error.code}).", fixes.get(error.code, str(error))
        )
        return None
    except codat.CodatError as error:
        fix = "Is CODAT_BASE_URL right, and may this machine reach it?"
        yield Finding("key", Level.FAILED, f"Codat does not answer: {error}.", fix)
        return None
    yield Finding("key", Level.OK, f"Codat takes the API key of “{profile.name}”.")
    return profile


def _quota() -> Finding:
    state = quota.read()
    if state.refused_code == 402:
        fix = "The account is over a limit of its plan (companies, or the trial's days): talk to Codat."
        return Finding("quota", Level.FAILED, "Codat refuses to make companies (402).", fix)
    if state.limit is None or state.remaining is None:
        return Finding("quota", Level.OK, "Codat has not said how many requests are left.")
    says = f"{state.remaining} of {state.limit} requests are left until {state.reset_at:%H:%M} UTC."
    if state.is_spent:
        return Finding(
            "quota", Level.FAILED, says, "Nothing can be asked before then. More linked customers bring more."
        )
    if state.is_paused:
        return Finding("quota", Level.WARNING, says, "The rest is kept for customers; sweeps and bulk work go on then.")
    return Finding("quota", Level.OK, says)


def _products() -> Iterator[Finding]:
    """Codat does not tell which products are enabled; the companies that it made do."""
    for product, table in TABLES.items():
        newest = Company.objects.filter(product=product, codat_id__isnull=False, gone_at=None).order_by("-pk").first()
        if newest and not table.codat_products.intersection(newest.codat_products):
            fix = "Enable it in the Codat Portal (Settings > Organizational settings > Products), as a default product."
            says = f"{newest.ref}, a company of {newest.get_product_display()}, does not have that product at Codat."
            yield Finding("products", Level.FAILED, says, fix)
        elif newest:
            says = f"The newest company of {newest.get_product_display()} has its product at Codat."
            yield Finding("products", Level.OK, says)


def _worker() -> Finding:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return Finding("worker", Level.FAILED, "No worker has ever shown itself.", "Start the worker and the clock.")
    age = timezone.now() - beat.at
    if age > HEARTBEAT_STALE_AFTER:
        fix = "Start the worker and the clock, and look at their logs: one of them, or the broker, is not there."
        return Finding("worker", Level.FAILED, f"The worker last showed itself {age.total_seconds():.0f} s ago.", fix)
    return Finding("worker", Level.OK, "The clock sends, and the worker works.")


def _events_arrive() -> Finding:
    newest = Delivery.objects.order_by("-received_at").first()
    if newest is None:
        fix = "Send a test event from the Codat Portal (Monitor > Webhooks)."
        return Finding("events", Level.WARNING, "No event has ever arrived.", fix)
    return Finding("events", Level.OK, f"The newest event arrived at {newest.received_at:%Y-%m-%d %H:%M} UTC.")


def _alarms() -> Iterator[Finding]:
    for alarm in alarms.check():
        says, fix = alarm_words.explain(alarm)
        yield Finding(f"alarm {alarm.name}", Level.FAILED, says, fix)
