"""The keeper of Codat's limits: one row that all processes share, the gate of every call, and what staff see."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic

from django.utils import timezone

from .. import allowance
from ..models import Quota
from .gate import Gate
from .row import ROW, locked, rules

__all__ = ["Allowance", "Gate", "current", "forget", "note_event", "read", "rules"]

REMEMBERED_SECONDS = 5.0


def note_event(limit: int | None, remaining: int | None, reset_at: datetime | None, at: datetime) -> None:
    """What a `client.rateLimit.*` event told."""
    with locked() as row:
        allowance.note_event(row, limit, remaining, reset_at, at)


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
