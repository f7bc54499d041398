"""Is everything set up, here and at Codat? One finding for each thing to look at, with the remedy."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.core import checks as django_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from ... import codat, quota
from ...models import Company, Heartbeat
from ...platforms import TABLES
from . import alarm_words, alarms
from .doctor_account import ASKED_OF_CODAT, return_address
from .doctor_events import events_arrive, secrets
from .doctor_key import account
from .findings import Finding, Level

HEARTBEAT_STALE_AFTER = timedelta(minutes=1)


def examine() -> Iterator[Finding]:
    """All findings, in the order in which to mend them. Asks Codat about seven times; no answer is a finding, too."""
    yield from _settings()
    database = _database()
    yield database
    if database.level is Level.FAILED:  # the very gate of every call is a row
        return
    profile = yield from account()
    if profile is not None:
        yield return_address(profile)
    for check, look in ASKED_OF_CODAT.items():
        yield from _ask(check, look) if profile is not None else [_unasked(check)]
    yield _quota()
    yield from _products()
    yield secrets()
    yield _worker()
    yield events_arrive()
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


def _database() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        says = f"The database does not answer ({type(error).__name__})."
        return Finding("database", Level.FAILED, says, "Start it, or look at DATABASE_URL.")
    if pending:
        return Finding("database", Level.FAILED, f"{pending} migrations are pending.", "Run: manage.py migrate")
    return Finding("database", Level.OK, "The database answers, and its tables are up to date.")


def _ask(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except codat.CodatError as error:
        yield Finding(check, Level.FAILED, f"Codat did not answer: {error}.", "Try again later.")


def _unasked(check: str) -> Finding:
    return Finding(check, Level.WARNING, "Not looked at, for Codat could not be asked.", "Mend what is said above.")


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
    if not Company.objects.filter(codat_id__isnull=False, gone_at=None).exists():
        fix = "Enable yours in the Codat Portal (Settings > Organizational settings > Products), as default products."
        yield Finding("products", Level.WARNING, "No company shows yet which products are enabled at Codat.", fix)


def _worker() -> Finding:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return Finding("worker", Level.FAILED, "No worker has ever shown itself.", "Start the worker and the clock.")
    age = timezone.now() - beat.at
    if age > HEARTBEAT_STALE_AFTER:
        fix = "Start the worker and the clock, and look at their logs: one of them, or the broker, is not there."
        return Finding("worker", Level.FAILED, f"The worker last showed itself {age.total_seconds():.0f} s ago.", fix)
    return Finding("worker", Level.OK, "The clock sends, and the worker works.")


def _alarms() -> Iterator[Finding]:
    for alarm in alarms.check():
        says, fix = alarm_words.explain(alarm)
        yield Finding(f"alarm {alarm.name}", Level.FAILED, says, fix)
