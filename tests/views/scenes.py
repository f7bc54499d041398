"""Companies in every state that people can meet, made of rows alone: what pages, counts and browsers look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Connection, Origin, User
from onboarding.platforms import TABLES
from onboarding.usecases import standing, timeline
from tests import factories

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PENDING, LINKED = Status.PENDING_AUTH, Status.LINKED
ORGANISATION = "Marlow Street Bakery"


def reads(*words: str, product: str = "bill_pay_async") -> dict[str, dict[str, str]]:
    """Codat's words for the product's data types, in their order."""
    at = timezone.now().isoformat()
    return {name: {"status": word, "at": at} for name, word in zip(TABLES[product].data_types, words, strict=False)}


def _put(company: Company, user: User, status: Status, *, at: datetime | None = None, **fields: Any) -> Connection:
    """A connection with these facts, whatever recording it set."""
    kept = {name: fields.pop(name) for name in ("platform_key", "origin") if name in fields}
    row = factories.local_connection(company, status, at=at, started_by=user, **kept)
    Connection.objects.filter(pk=row.pk).update(**fields)
    standing.refresh([company.pk])
    row.refresh_from_db()
    return row


def none(company: Company, user: User) -> None:
    """Nothing chosen yet."""


def chosen(company: Company, user: User) -> None:
    _put(company, user, PENDING)


def stopped(company: Company, user: User) -> None:
    now = timezone.now()
    _put(company, user, PENDING, left_at=now - 9 * MINUTE, returned_at=now - 5 * MINUTE, returned_code=403)


def left_for_good(company: Company, user: User) -> None:
    _put(company, user, PENDING, left_at=timezone.now() - DAY)


def failed(company: Company, user: User, code: int = 500) -> None:
    now = timezone.now()
    row = _put(
        company,
        user,
        PENDING,
        left_at=now - 9 * MINUTE,
        returned_at=now - 5 * MINUTE,
        returned_code=code,
        failed_at=now - 5 * MINUTE,
        failures=1,
        failure="The user is not an administrator.",
    )
    timeline.write("failed", company=company, connection=row, by=Actor.customer(user), problem=True)


def not_supported(company: Company, user: User) -> None:
    failed(company, user, code=501)


def checking(company: Company, user: User) -> None:
    now = timezone.now()
    _put(company, user, PENDING, left_at=now - 3 * MINUTE, returned_at=now - MINUTE / 3, returned_code=200)


def slow(company: Company, user: User) -> None:
    now = timezone.now()
    _put(company, user, PENDING, left_at=now - 9 * MINUTE, returned_at=now - 5 * MINUTE, returned_code=200)


def reading(company: Company, user: User) -> None:
    words = ("Complete", "Complete", "Fetching", "Queued", "Complete", "NotSupported")
    _put(company, user, LINKED, at=timezone.now() - 4 * MINUTE, reads=reads(*words), organisation=ORGANISATION)


def reading_long(company: Company, user: User) -> None:
    _put(
        company, user, LINKED, at=timezone.now() - 30 * HOUR, reads=reads(*["Fetching"] * 7), organisation=ORGANISATION
    )


def waiting_pc(company: Company, user: User) -> None:
    at = timezone.now() - 40 * MINUTE
    _put(company, user, LINKED, at=at, platform_key=factories.DESKTOP, reads=reads(*["Queued"] * 7), read_started_at=at)


def _read(company: Company, user: User, *words: str, **fields: Any) -> Connection:
    now = timezone.now()
    facts: dict[str, Any] = {
        "reads": reads(*words, product=company.product),
        "first_read_at": now - 20 * HOUR,
        "last_read_at": now - 5 * HOUR,
        "organisation": ORGANISATION,
    }
    return _put(company, user, LINKED, at=now - DAY, **{**facts, **fields})


def linked(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 7)


def partial(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 5, "FetchError", "MapError")


def permission(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 5, "PermissionsError", "Complete")


def quiet(company: Company, user: User) -> None:
    now = timezone.now()
    _read(company, user, *["Complete"] * 7, last_read_at=now - 50 * DAY, first_read_at=now - 20 * HOUR)


def elsewhere(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 7, origin=Origin.ELSEWHERE)


def wrong(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 7, organisation="Harbour Flowers")


def auth_error(company: Company, user: User) -> None:
    _read(company, user, *["Complete"] * 6, "AuthError")


def expired(company: Company, user: User) -> None:
    _put(company, user, LINKED, at=timezone.now() - DAY, organisation=ORGANISATION)
    _become(company, Status.DEAUTHORIZED)


def disconnected(company: Company, user: User) -> None:
    _put(company, user, LINKED, at=timezone.now() - DAY, organisation=ORGANISATION)
    _become(company, Status.UNLINKED, by=Actor.customer(user))


def let_go(company: Company, user: User) -> None:
    expired(company, user)
    factories.connections.let_go(company.connections.get(), by=Actor.customer(user))


def gone(company: Company, user: User) -> None:
    _put(company, user, LINKED, at=timezone.now() - DAY)
    _become(company, Status.DELETED)


def _become(company: Company, status: Status, by: Actor | None = None) -> None:
    row = company.connections.get()
    told = factories.door.Observation(status.value, timezone.now() - 2 * HOUR, Source.WORKER, is_read=True)
    factories.door.record({row.pk: told}, by=by)


MAKERS: tuple[Callable[[Company, User], None], ...] = (
    none, chosen, stopped, left_for_good, failed, not_supported, checking, slow, reading, reading_long, waiting_pc,
    linked, partial, permission, quiet, elsewhere, wrong, auth_error, expired, disconnected, let_go, gone,
)  # fmt: skip
BY_NAME = {maker.__name__: maker for maker in MAKERS}


def company_in(state: str, *people: User, **fields: Any) -> Company:
    """A company of these people in the named state; the first of them did what was done."""
    factories.enable_platforms()
    made = factories.company(*people, **fields)
    BY_NAME[state](made, people[0])
    made.refresh_from_db()
    return made
