"""The one next thing that a connection needs, done when it is due. `Connection.look_at` is the queue.

STARTING       look whether a lost create made it
PendingAuth    read its status: soon after the return from Link, ever more rarely, then no more
Linked         partner expense connection → first read → name of the organisation → a small read now and then
others         nothing: only a person brings them back

Everything here may run twice, at once or die half-way. A dead worker's claim runs out by itself.
"""

import logging
from datetime import datetime, timedelta

from django.core.cache import caches
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from .. import codat, queries
from ..actors import CLOCK
from ..errors import OnboardingError
from ..lifecycle import Status
from ..models import Connection, Kind
from ..platforms import PLATFORMS, TABLES
from ..wiring import Errand
from . import companies, creating, mails, observing, partner, reads, standing
from .retries import next_try

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # longer than any step lasts
LOOKS_AT_LINK = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 360, 1440))
LOOKS_AFTER_RETURN = tuple(timedelta(seconds=s) for s in (30, 30, 60, 180, 300, 1200, 1800, 3600, 18000, 57600))
PROGRESS_WITH_PAGE = timedelta(seconds=30)
PROGRESS_WITHOUT_PAGE = timedelta(hours=1)
FIRST_READ_GIVEN_UP_AFTER = timedelta(days=7)
ORGANISATION_TRIES = 5
KEEP_ALIVE_AFTER = timedelta(days=30)
KEEP_ALIVE_AGAIN_AFTER = timedelta(days=3)
PAGE_OPEN_SECONDS = 45
TRIES_BEFORE_SLOW = 8


def note_open(connection: Connection) -> None:
    """A customer looks at its page: its first read is asked after twice a minute. Stored in the cache alone."""
    caches["hints"].set(_open_key(connection.pk), True, PAGE_OPEN_SECONDS)


def _open_key(pk: int) -> str:
    return f"open:{pk}"


def claim(limit: int = 5, now: datetime | None = None) -> list[int]:
    """Primary keys of connections that are due, taken for a while: two workers never take the same."""
    moment = now or timezone.now()
    with transaction.atomic():
        due = Connection.objects.select_for_update(skip_locked=True).filter(look_at__lte=moment)
        pks = list(due.order_by("look_at").values_list("pk", flat=True)[:limit])
        Connection.objects.filter(pk__in=pks).update(look_at=moment + LEASE)
    return pks


def wake_open(now: datetime | None = None) -> int:
    """First reads whose page is open are due half a minute after the last look, not an hour. Returns how many."""
    moment = now or timezone.now()
    reading = Connection.objects.filter(status=Status.LINKED, first_read_at=None, look_at__gt=moment)
    asked = {_open_key(pk): pk for pk in reading.values_list("pk", flat=True)[:2000]}
    pks = [asked[key] for key in caches["hints"].get_many(asked)] if asked else []
    sooner = Q(look_at__gt=moment + PROGRESS_WITH_PAGE)
    return Connection.objects.filter(sooner, pk__in=pks).update(look_at=moment + PROGRESS_WITH_PAGE)


def step(pk: int) -> str:
    """Do the next thing for one connection; returns a word for the log.

    What failed for a while goes back with `retry_after` or a doubling wait; what failed for good says so on
    the row, for staff. An unexpected exception is kept on the row and raised again.
    """
    connection = Connection.objects.select_related("company").get(pk=pk)
    try:
        word, wait = _next(connection)
    except (codat.CodatError, OnboardingError) as error:
        word = _put_back(connection, error)
    except Exception as error:
        Connection.objects.filter(pk=pk).update(look_error=f"{type(error).__name__}", looks=F("looks") + 1)
        raise
    else:
        _done(connection, wait)
    return word


def _done(connection: Connection, wait: timedelta | None) -> None:
    """Unless the step itself set another time: news may have come while it ran."""
    look_at = timezone.now() + wait if wait is not None else None
    mine = Connection.objects.filter(pk=connection.pk, look_at=connection.look_at)
    mine.update(look_at=look_at, looks=F("looks") + 1, look_error="")


def _put_back(connection: Connection, error: codat.CodatError | OnboardingError) -> str:
    """What is not transient is asked hourly for a while, then left to staff, who read why on the row."""
    transient = getattr(error, "transient", True)
    hint = getattr(error, "retry_after", None)
    look_at: datetime | None = next_try(connection.looks, hint=hint)
    if not transient:
        look_at = next_try(0, first=3600) if connection.looks < TRIES_BEFORE_SLOW else None
    Connection.objects.filter(pk=connection.pk).update(
        look_at=look_at, looks=F("looks") + 1, look_error=str(error)[:500]
    )
    return f"put back: {type(error).__name__}"


def _next(connection: Connection) -> tuple[str, timedelta | None]:
    """What was done, and how long until the next look; None: no more by itself."""
    if connection.kind == Kind.PARTNER_EXPENSE:
        return _make_partner(connection)
    if connection.status == Status.STARTING:
        return _find_lost(connection)
    if connection.status == Status.PENDING_AUTH:
        return _look_at_pending(connection)
    if connection.status == Status.LINKED:
        return _look_after_linked(connection)
    return "nothing", None


def _make_partner(connection: Connection) -> tuple[str, timedelta | None]:
    if connection.status != Status.STARTING:
        return "partner is there", None
    accounting = queries.linked(connection.company)
    if accounting is None:
        return "accounting is not Linked", None
    return ("partner made" if partner.create(accounting, by=CLOCK) else "accounting is not Linked"), None


def _find_lost(connection: Connection) -> tuple[str, timedelta | None]:
    if connection.codat_id is None and connection.create_asked_at and connection.company.codat_id:
        with companies.held(connection.company, wait_seconds=0):
            connection.refresh_from_db()
            found = creating.find_lost(connection, Errand.FOLLOW) if connection.codat_id is None else None
            if found:
                creating.keep(connection, found, by=CLOCK)
                return "found", None
    return "not found", None


def _look_at_pending(connection: Connection) -> tuple[str, timedelta | None]:
    observing.read(connection, by=CLOCK, errand=Errand.FOLLOW)
    came_back = connection.returned_at and connection.left_at and connection.returned_at >= connection.left_at
    waits = LOOKS_AFTER_RETURN if came_back and connection.returned_code in (200, 201, None) else LOOKS_AT_LINK
    looks = connection.looks + 1
    return "read", waits[looks] if looks < len(waits) else None


def _look_after_linked(connection: Connection) -> tuple[str, timedelta | None]:
    if TABLES[connection.company.product].needs_partner:
        # A row of its own, so that its troubles hold up nothing here.
        partner.want(connection.company, since=connection.linked_at)
    if connection.first_read_at is None:
        return _follow_first_read(connection)
    is_unnamed = not connection.organisation and connection.looks < ORGANISATION_TRIES
    if is_unnamed and not reads.ask_organisation(connection):
        return "organisation", timedelta(minutes=30)
    return _keep_alive(connection)


def _follow_first_read(connection: Connection) -> tuple[str, timedelta | None]:
    """Its end comes as an event; asking is for the open page, and for the event that never came."""
    now = timezone.now()
    is_open = caches["hints"].get(_open_key(connection.pk)) is not None
    stored = TABLES[connection.company.product].reads_are_stored
    if stored and connection.looks == 0 and not is_open:
        return "first read waits", PROGRESS_WITHOUT_PAGE
    reads.ask_progress(connection)
    if connection.read_started_at and now - connection.read_started_at > FIRST_READ_GIVEN_UP_AFTER:
        return "first read too long", timedelta(days=1)
    return "first read", PROGRESS_WITH_PAGE if is_open else PROGRESS_WITHOUT_PAGE


def _keep_alive(connection: Connection) -> tuple[str, timedelta | None]:
    """Idle access lapses: after 30 silent days ask for one small read, and tell the customer after 45."""
    now = timezone.now()
    newest = connection.last_read_at or connection.linked_at or now
    due_at = newest + KEEP_ALIVE_AFTER
    if now < due_at:
        return "well", due_at - now
    if days := standing.quiet_days(connection, now):
        mails.quiet(connection, days)
    asked_at = connection.read_asked_at
    if asked_at is None or now - asked_at >= KEEP_ALIVE_AGAIN_AFTER:
        reads.read_quietly(connection)
        return "asked for a small read", timedelta(hours=1)
    reads.ask_progress(connection)
    return "asked how the small read went", KEEP_ALIVE_AGAIN_AFTER


def is_on_premise(connection: Connection) -> bool:
    platform = PLATFORMS.get(connection.platform_key)
    return bool(platform and platform.is_on_premise)
