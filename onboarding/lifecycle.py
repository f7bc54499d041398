"""What a connection may become. Pure: no database, no network, no clock of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Codat's four words, and two of ours for what Codat does not have (yet, or any more)."""

    STARTING = "Starting"  # ours: stored before Codat is asked to create it
    PENDING_AUTH = "PendingAuth"
    LINKED = "Linked"
    UNLINKED = "Unlinked"
    DEAUTHORIZED = "Deauthorized"
    DELETED = "Deleted"  # ours, and final: Codat answers 404


CLOCKS_DIFFER_BY = timedelta(seconds=5)
AHEAD_AT_MOST = timedelta(minutes=5)  # of our clock: a time beyond that would shut out all later news
LINK_LIVES = timedelta(days=1)  # a Link URL is dead after a day
LOOKED_LATE_BY = timedelta(minutes=2)

TOLD_BY_CODAT = frozenset({Status.PENDING_AUTH, Status.LINKED, Status.UNLINKED, Status.DEAUTHORIZED, Status.DELETED})
UNFINISHED = frozenset({Status.STARTING, Status.PENDING_AUTH})
RELINKABLE = frozenset({Status.PENDING_AUTH, Status.UNLINKED, Status.DEAUTHORIZED})


class Source(StrEnum):
    """Who or what a fact came from; the timeline and every observation carry one."""

    CUSTOMER = "customer"
    STAFF = "staff"
    COMMAND = "command"
    WORKER = "worker"
    WEBHOOK = "webhook"
    SWEEP = "sweep"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Observation:
    """What Codat said of one connection.

    at      aware UTC: for a read, when it was asked; for a write, when its answer came; for an
            event, its generatedDate
    is_read whether we asked Codat ourselves: the truth of `at`, and not only news of it
    """

    status: str
    at: datetime
    source: Source
    is_read: bool = False
    correlation_id: str = ""
    delivery_id: str = ""


class Verdict(StrEnum):
    MOVED = "moved"
    SAME = "same"
    STALE = "stale"
    UNKNOWN = "unknown"
    ASK = "ask"


def believed(seen_at: datetime | None, now: datetime) -> datetime | None:
    """A time far ahead of now was told by a clock that was wrong: it says nothing of what is late."""
    return None if seen_at and seen_at > now + AHEAD_AT_MOST else seen_at


def decide(known: str, seen_at: datetime | None, told: Observation) -> Verdict:
    """Codat is right, unless it is late. `Deleted` is our word for what Codat no longer has, and final.

    Two different statuses of the same instant are undecidable: the answer is ASK, read it once.
    A read settles that question, for it is asked after the news came.
    """
    if known == Status.DELETED or (seen_at and told.at < seen_at):
        return Verdict.STALE
    if told.status not in TOLD_BY_CODAT:
        return Verdict.UNKNOWN
    if told.status == known:
        return Verdict.SAME
    return Verdict.ASK if told.at == seen_at and not told.is_read else Verdict.MOVED


def read_counts_from(linked_at: datetime, left_at: datetime | None) -> datetime:
    """From when on news of reads belongs to this authorisation.

    `linked_at` may be when we looked, and a small company is read before that: what counts is when the
    customer left for Link, or, of a connection authorised elsewhere, a little before we saw it.
    """
    if left_at is not None and timedelta(0) <= linked_at - left_at <= LINK_LIVES:
        return left_at - CLOCKS_DIFFER_BY
    return linked_at - LOOKED_LATE_BY
