"""The keeper of Codat's limits: one row that all processes share, and the gate of every call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, local
from time import monotonic, sleep

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from . import allowance, codat
from .allowance import Errand, Hold, Rules
from .models import Quota

ROW = 1
REMEMBERED_SECONDS = 5.0
POLL_SECONDS = 0.05


class Gate:
    """Lets calls of one errand through, or raises Busy; implements `codat.Gate`.

    Each call costs two short transactions of their own. `durable` makes sure that no caller holds one open
    while it talks to Codat.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self._thread = local()

    def before(self, operation: str) -> None:
        """Raises Busy with nothing sent; waits at most as long as the errand's manners say."""
        until = monotonic() + allowance.MANNERS[self.errand].patience
        while True:
            try:
                wait = self._admit()
                break
            except Hold as hold:
                if not hold.is_brief or monotonic() > until:
                    raise codat.Busy(operation, reason=hold.why, retry_after=hold.seconds) from None
            sleep(POLL_SECONDS)
        if wait:
            sleep(wait)

    def _admit(self) -> float:
        now = timezone.now()
        with locked_row() as row:
            wait = allowance.admit(row, self.errand, rules(), now)
        self._thread.began_at = now
        return wait

    def after(
        self, operation: str, status_code: int | None, quota: codat.Quota | None, retry_after: float | None
    ) -> None:
        now = timezone.now()
        began_at = getattr(self._thread, "began_at", now)
        with locked_row() as row:
            allowance.note_end(row, began_at)
            if status_code is None or status_code >= 500:
                allowance.note_silence(row, now)
            else:
                allowance.note_answer(row, operation, status_code, now)
            if quota:
                allowance.note_quota(row, quota, began_at, now)
            if status_code == 429:
                allowance.note_busy(row, retry_after, now)


def rules() -> Rules:
    return Rules(settings.QUOTA_RESERVE_PERCENT, settings.CODAT_PER_MINUTE)


def note_event(limit: int | None, remaining: int | None, reset_at: datetime | None, at: datetime) -> None:
    """What a `client.rateLimit.*` event told."""
    with locked_row() as row:
        allowance.note_event(row, limit, remaining, reset_at, at)


@contextmanager
def locked_row() -> Iterator[Quota]:
    """The row, locked, and saved at the end; left as it was if the rules hold the call back."""
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")  # it is told anew with every answer
        row = Quota.objects.select_for_update().filter(pk=ROW).first()
        if row is None:
            Quota.objects.bulk_create([Quota(pk=ROW)], ignore_conflicts=True)  # two may come first at once
            row = Quota.objects.select_for_update().get(pk=ROW)
        yield row
        row.save(update_fields=_SAVED)


_SAVED = [field.name for field in Quota._meta.fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where we stand with Codat, for pages and staff.

    is_down        Codat has not answered several times in a row; pages show what is known
    is_spent       nobody may ask, customers neither
    is_paused      background work waits; customers do not notice
    next_check_at  when somebody asks again, if either is true
    """

    limit: int | None
    remaining: int | None
    reserve: int
    reset_at: datetime | None
    told_at: datetime | None
    blocked_until: datetime | None
    is_down: bool
    down_since: datetime | None
    is_spent: bool
    is_paused: bool
    next_check_at: datetime | None
    refused_code: int | None
    refused_at: datetime | None


def read(now: datetime | None = None) -> Allowance:
    """The present state, from the database. One query."""
    now = now or timezone.now()
    row = Quota.objects.filter(pk=ROW).first() or Quota(pk=ROW)
    allowance.begin_day(row, now)
    blocked_until = row.blocked_until if row.blocked_until and row.blocked_until > now else None
    reserve = allowance.reserve_of(row, rules())
    is_spent = blocked_until is not None or (row.remaining is not None and row.remaining <= 0)
    is_paused = is_spent or (row.remaining is not None and row.remaining <= reserve)
    is_down = row.failures >= allowance.FAILURES_THAT_OPEN
    waits_until = (blocked_until or row.reset_at) if is_paused else None
    return Allowance(
        limit=row.limit,
        remaining=None if row.remaining is None else max(0, row.remaining),
        reserve=reserve,
        reset_at=row.reset_at,
        told_at=row.told_at,
        blocked_until=blocked_until,
        is_down=is_down,
        down_since=row.down_since if is_down else None,
        is_spent=is_spent,
        is_paused=is_paused,
        next_check_at=row.probe_at if is_down else waits_until,
        refused_code=row.refused_code,
        refused_at=row.refused_at,
    )


_memory: tuple[float, Allowance] | None = None
_memory_lock = Lock()


def current() -> Allowance:
    """As `read`, remembered for five seconds by each process: a page that shows it costs no query of its own."""
    global _memory
    with _memory_lock:
        if _memory is None or monotonic() - _memory[0] > REMEMBERED_SECONDS:
            _memory = (monotonic(), read())
        return _memory[1]


def forget() -> None:
    """Drop what `current` remembers."""
    global _memory
    with _memory_lock:
        _memory = None
