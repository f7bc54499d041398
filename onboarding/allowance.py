"""What may be asked of Codat now, by whom, and after how long a wait. Pure: rules over the shared row's facts.

Four limits of Codat meet here: requests a day (its headers tell), requests a minute from one address, requests
at once, and its Retry-After. Two of ours: a reserve of the day for live customers, and the open circuit while
Codat does not answer.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

LONGEST_DAY = timedelta(hours=25)  # until a reset
CLOCKS_SLIP_BY = timedelta(seconds=5)  # backwards, when a clock is put right
DAY_GRACE = timedelta(seconds=5)  # after Codat's reset: two clocks are never the same
PROBE_LEASE = timedelta(seconds=20)  # longer than any one try
SPAN = timedelta(seconds=60)  # of counting calls under way; a killed process's calls are forgotten after two
FAILURES_THAT_OPEN = 5
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 60.0
UNEXPLAINED_PAUSE_SECONDS = 10.0  # a 429 that names no time
REFUSED_PAUSE = timedelta(seconds=60)  # between tries with a key that Codat refuses
REQUESTS_PER_COMPANY = 1000  # the daily allowance is 1,000 × (1 + active companies)
AT_ONCE_PER_COMPANY = 10
FREE_FOR_PEOPLE = 2  # of the places; those who wait are never held for want of one


class Errand(StrEnum):
    CLICK = "click"  # a person waits
    RETURN = "return"  # a person waits on a page that can also wait by itself
    FOLLOW = "follow"  # the worker, for a live customer
    BACKGROUND = "background"  # sweeps and bulk: only what nobody else needs


@dataclass(frozen=True, slots=True)
class Manners:
    """How an errand behaves at the limits.

    tries_blocks  asks, one call at a time, while Codat has told background work alone to wait
    early   seconds that it may run ahead of the even pace of the minute
    patience  seconds that it waits for its turn, before it is told to come back
    """

    is_live: bool  # may use the reserve
    passes_open_circuit: bool
    early: float
    patience: float
    tries_blocks: bool = False


# The minute's allowance is spent evenly at 96.5 %, and customers may run 2 % ahead: in no sixty seconds, however
# they are counted, is it more than 98.5 %. Background work queues no further ahead than customers may jump.
PACE = 0.965
MANNERS = {
    Errand.CLICK: Manners(is_live=True, passes_open_circuit=True, early=1.24, patience=1.5, tries_blocks=True),
    Errand.RETURN: Manners(is_live=True, passes_open_circuit=True, early=1.24, patience=0.3),
    Errand.FOLLOW: Manners(is_live=True, passes_open_circuit=False, early=0.6, patience=0.6),
    Errand.BACKGROUND: Manners(is_live=False, passes_open_circuit=False, early=0.3, patience=0.9),
}


class State(Protocol):
    """The facts of the shared row; `models.Quota` has them."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None
    told_at: datetime | None
    paced_until: datetime | None
    running: int
    running_before: int
    running_since: datetime | None
    blocked_until: datetime | None
    failures: int
    down_since: datetime | None
    probe_at: datetime | None
    answered_at: datetime | None
    refused_code: int | None
    refused_at: datetime | None


class Told(Protocol):
    """What an answer's headers say of the day; None where they are silent."""

    @property
    def limit(self) -> int | None: ...

    @property
    def remaining(self) -> int | None: ...

    @property
    def reset_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """reserve_percent: of the day, for live customers; per_minute: requests, 0 for no such limit."""

    reserve_percent: int
    per_minute: int


class Hold(Exception):
    """Not now. `is_brief`: it can be over any moment, so asking again soon is worth it."""

    def __init__(self, seconds: float, why: str, *, is_brief: bool = False) -> None:
        super().__init__(why)
        self.seconds = max(seconds, 0.05)
        self.why = why
        self.is_brief = is_brief


def admit(row: State, errand: Errand, rules: Rules, now: datetime) -> float:
    """Spend one request, and return the seconds to wait before it leaves. Raises Hold, with nothing spent.

    A block or a day that has ended is not believed at once: of the worker's calls one goes ahead, and the
    others wait for its answer.
    """
    manners = MANNERS[errand]
    forget_the_future(row, rules, now)
    begin_day(row, now)
    _hold_if_blocked(row, manners, now)
    needs_probe = _needs_probe(row, manners, now)
    if needs_probe and row.probe_at and row.probe_at > now:
        is_brief = row.failures < FAILURES_THAT_OPEN and row.refused_code != 401
        raise Hold((row.probe_at - now).total_seconds(), "one call is finding out", is_brief=is_brief)
    _hold_if_spent(row, manners, rules, now)
    _hold_if_crowded(row, manners, now)
    wait = _pace(row, manners, rules, now)
    if needs_probe or _is_blocked(row, now):
        row.probe_at = now + PROBE_LEASE
    row.running += 1
    if row.remaining is not None:
        row.remaining -= 1
    return wait


def take_back(row: State, calls: int, rules: Rules) -> None:
    """Calls that were admitted and never left: their part of the day and of the minute is there again."""
    if row.remaining is not None:
        row.remaining += calls
    if row.paced_until and rules.per_minute > 0:
        row.paced_until -= calls * _between(rules)


def forget_the_future(row: State, rules: Rules, now: datetime) -> None:
    """A clock that was ahead, and has been put right, left times that hold everybody up until they come."""
    if row.running_since and row.running_since > now + CLOCKS_SLIP_BY:
        row.running = row.running_before = 0
        row.running_since = None
    each = timedelta(seconds=60 / (PACE * rules.per_minute)) if rules.per_minute > 0 else timedelta(0)
    if row.paced_until and row.paced_until > now + 2 * each + CLOCKS_SLIP_BY:
        row.paced_until = None
    if row.probe_at and row.probe_at > now + max(timedelta(seconds=LONGEST_PAUSE_SECONDS), REFUSED_PAUSE):
        row.probe_at = now
    if row.told_at and row.told_at > now + CLOCKS_SLIP_BY:
        row.told_at = None
    if row.reset_at and row.reset_at > now + LONGEST_DAY:
        row.reset_at = next_day(now)


def begin_day(row: State, now: datetime) -> None:
    """A new day: how much is left is unknown until an answer tells."""
    if row.reset_at and row.reset_at + DAY_GRACE <= now:
        row.remaining = row.reset_at = None


def reserve_of(row: State, rules: Rules) -> int:
    """Requests of the day that are kept for live customers."""
    return math.ceil((row.limit or 0) * rules.reserve_percent / 100)


def at_once(row: State) -> int:
    """How many calls may run at the same time."""
    active = (row.limit or 0) // REQUESTS_PER_COMPANY - 1
    return AT_ONCE_PER_COMPANY * max(1, active)


def next_day(now: datetime) -> datetime:
    """Codat counts from midnight, UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _is_blocked(row: State, now: datetime) -> bool:
    return row.blocked_until is not None and row.blocked_until > now


def _hold_if_blocked(row: State, manners: Manners, now: datetime) -> None:
    """`probe_at` is set during a block that background work brought upon itself: people's calls find out, in turn."""
    if not _is_blocked(row, now):
        return
    if manners.tries_blocks and row.probe_at is not None:
        if row.probe_at <= now:
            return
        raise Hold((row.probe_at - now).total_seconds(), "one call is finding out", is_brief=True)
    assert row.blocked_until
    raise Hold((row.blocked_until - now).total_seconds(), "Codat asked to wait")


def _needs_probe(row: State, manners: Manners, now: datetime) -> bool:
    if manners.passes_open_circuit:
        return False
    is_open = row.failures >= FAILURES_THAT_OPEN
    is_unproven = row.blocked_until is not None or (row.remaining is None and row.limit is not None)
    is_refused = row.refused_code == 401 and not manners.is_live
    return is_open or is_unproven or is_refused


def _hold_if_spent(row: State, manners: Manners, rules: Rules, now: datetime) -> None:
    if row.remaining is None:
        return
    kept = 0 if manners.is_live else reserve_of(row, rules)
    if row.remaining <= kept:
        why = "the day is used up" if manners.is_live else "the rest of the day is for customers"
        raise Hold(((row.reset_at or next_day(now)) + DAY_GRACE - now).total_seconds(), why)


def _hold_if_crowded(row: State, manners: Manners, now: datetime) -> None:
    """The worker leaves places to people; they themselves are never held here."""
    begin_span(row, now)
    if not manners.passes_open_circuit and row.running + row.running_before >= at_once(row) - FREE_FOR_PEOPLE:
        raise Hold(0.5, "enough calls under way", is_brief=True)


def begin_span(row: State, now: datetime) -> None:
    """A new minute of counting calls under way: those of the one before it are forgotten after another."""
    if row.running_since is None or now - row.running_since >= SPAN:
        is_next = row.running_since is not None and now - row.running_since < 2 * SPAN
        row.running_before = row.running if is_next else 0
        row.running, row.running_since = 0, now


def _between(rules: Rules) -> timedelta:
    return timedelta(seconds=60 / (PACE * rules.per_minute))


def _pace(row: State, manners: Manners, rules: Rules, now: datetime) -> float:
    if rules.per_minute <= 0:
        return 0.0
    after_this = max(row.paced_until or now, now) + _between(rules)
    ahead = ((row.paced_until or now) - now).total_seconds()
    wait = max(0.0, ahead - manners.early)
    if wait > manners.patience:
        raise Hold(wait, "the minute is used up")
    row.paced_until = after_this
    return wait


def note_end(row: State, began_at: datetime) -> None:
    """A call that `admit` let through is over, however it ended."""
    if row.running_since is None or began_at >= row.running_since:
        row.running = max(0, row.running - 1)
    else:  # no call lasts as long as a span, so it began in the one before
        row.running_before = max(0, row.running_before - 1)


def note_silence(row: State, now: datetime) -> None:
    """No answer, or 5xx: after five in a row only one call at a time finds out whether Codat is back.

    It asks again after as long as Codat has been away: many calls that fail together are one outage, not many.
    """
    row.failures += 1
    row.down_since = row.down_since or now
    if row.failures >= FAILURES_THAT_OPEN:
        away_seconds = (now - row.down_since).total_seconds()
        row.probe_at = now + timedelta(seconds=min(max(away_seconds, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS))
    elif row.probe_at:
        row.probe_at = now + timedelta(seconds=1)


def note_answer(row: State, operation: str, status_code: int, now: datetime) -> None:
    """Codat is there. 401 and 403 stand until something succeeds, 402 until a company could be created."""
    row.failures, row.down_since, row.answered_at = 0, None, now
    is_blocked = _is_blocked(row, now)
    row.probe_at = now if is_blocked and row.probe_at else None
    if status_code in (401, 402, 403):
        row.refused_code, row.refused_at = status_code, now
        if status_code == 401:
            row.probe_at = now + REFUSED_PAUSE
    elif status_code < 300 and (row.refused_code != 402 or operation == "create_company"):
        row.refused_code = row.refused_at = None
    if status_code != 429 and not is_blocked:  # one that left before the 429, or a person's, ends no block
        row.blocked_until = None


def note_quota(row: State, told: Told, began_at: datetime, now: datetime) -> None:
    """What an answer's headers said.

    A call that began after the kept figure was told knows better, less what else is under way by now; one that
    overlapped it can only lower it, for the figures of two overlapping calls come in any order.
    """
    others = max(0, row.running + row.running_before)
    is_later = row.told_at is None or began_at >= row.told_at
    if told.remaining is not None:
        if row.remaining is None or is_later or told.limit != row.limit:
            row.remaining = max(0, told.remaining - others)
        else:
            row.remaining = min(row.remaining, told.remaining)
    if told.limit is not None:
        row.limit = told.limit
    row.reset_at, row.told_at = believed_reset(told.reset_at, now), now


def note_busy(row: State, retry_after: float | None, now: datetime, errand: Errand = Errand.CLICK) -> None:
    """429: everybody waits, and longer rather than twice.

    But where background work alone was told so, and the day is not used up, people's calls may find out whether it
    holds for them too: one at a time, and no more after a 429 of their own.
    """
    if retry_after is not None:
        until = now + timedelta(seconds=retry_after)
    elif row.remaining == 0:
        until = (row.reset_at or next_day(now)) + DAY_GRACE
    else:
        until = now + timedelta(seconds=UNEXPLAINED_PAUSE_SECONDS)
    holds_people = errand is not Errand.BACKGROUND or row.remaining == 0
    row.probe_at = None if holds_people or (_is_blocked(row, now) and row.probe_at is None) else now
    row.blocked_until = max(until, row.blocked_until or until)


def note_event(row: State, limit: int | None, remaining: int | None, reset_at: datetime | None, at: datetime) -> None:
    """`client.rateLimit.*`: the truth of `at`, unless an answer told a newer one."""
    if row.told_at and row.told_at >= at:
        return
    row.limit = limit if limit is not None else row.limit
    row.remaining = remaining if remaining is not None else row.remaining
    row.reset_at, row.told_at = believed_reset(reset_at, at), at
    if remaining:
        row.blocked_until = None


def believed_reset(told: datetime | None, now: datetime) -> datetime:
    """Codat documents no format: what cannot be true becomes midnight; what has just passed, a minute from now."""
    if told is None or not -SPAN * 60 < told - now <= LONGEST_DAY:
        return next_day(now)
    return max(told, now + SPAN)
