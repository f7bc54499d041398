"""What people read: one word of thirteen for where a company stands. Pure.

One vocabulary for customers and staff; `usecases.standing` keeps the word on the company's row.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from .lifecycle import Status
from .platforms import QUICKBOOKS_DESKTOP


class State(StrEnum):
    EXPIRED = "expired"
    UNLINKED = "unlinked"
    PERMISSION = "permission"
    WAITING_PC = "waiting_pc"
    READING = "reading"
    PARTIAL = "partial"
    LINKED = "linked"
    CHECKING = "checking"
    FAILED = "failed"
    PENDING = "pending"
    SIGNED_IN = "signed_in"
    INVITED = "invited"
    NEW = "new"


WAITING = frozenset({"", "Initial", "Queued"})
READING = frozenset(
    {"Fetching", "MapQueued", "Mapping", "ProcessingQueued", "Processing", "ValidationQueued", "Validating"}
)
DONE = "Complete"
NOT_SUPPORTED = "NotSupported"
AUTH_ERROR = "AuthError"
PERMISSION_ERROR = "PermissionsError"
PREREQUISITE_NOT_MET = "PrerequisiteNotMet"  # ended unread, for want of another data type
RETRYING = frozenset(
    {"FetchError", "MapError", "ValidationError", "ProcessingError", "InternalError", "RateLimitError", "Cancelled"}
    | {PREREQUISITE_NOT_MET}
)
NOTHING_AMISS = frozenset({DONE, NOT_SUPPORTED}) | WAITING | READING
ENDS = frozenset({DONE, NOT_SUPPORTED, AUTH_ERROR, PERMISSION_ERROR}) | RETRYING
WAITS_FOR_COMPUTER_AFTER = timedelta(minutes=15)
CHECKING_FOR_AT_MOST = timedelta(days=1)  # Codat's link is dead by then: the customer starts again


class Facts(Protocol):
    """The part of a connection that its state follows from."""

    platform_key: str
    status: str
    reads: dict[str, dict[str, str]]
    first_read_at: datetime | None
    read_started_at: datetime | None
    linked_at: datetime | None
    left_at: datetime | None
    returned_at: datetime | None
    returned_code: int | None
    failed_at: datetime | None
    let_go_at: datetime | None
    status_at: datetime | None


AnyFacts = TypeVar("AnyFacts", bound=Facts)


def current_of(connections: Iterable[AnyFacts]) -> AnyFacts | None:
    """Of several accounting connections, oldest first, the one that counts.

    The Linked one; else a Deauthorized one that was not let go; else the newest unfinished one; else the
    newest that ended. A deleted one never counts.
    """
    alive = [connection for connection in connections if connection.status != Status.DELETED]
    return min(reversed(alive), key=_rank, default=None)


def _rank(connection: Facts) -> int:
    if connection.status == Status.DEAUTHORIZED:
        return 3 if connection.let_go_at else 1
    return {Status.LINKED: 0, Status.UNLINKED: 3}.get(Status(connection.status), 2)


def state_of(connection: Facts | None, *, accepted: bool, invited: bool, now: datetime) -> State:
    """The first state of the vocabulary's table, top to bottom, that holds."""
    if connection is None:
        return State.SIGNED_IN if accepted else State.INVITED if invited else State.NEW
    if connection.status == Status.LINKED:
        return _state_of_linked(connection, now)
    if connection.status == Status.DEAUTHORIZED:
        return State.UNLINKED if connection.let_go_at else State.EXPIRED
    if connection.status == Status.UNLINKED:
        return State.UNLINKED
    return _state_of_unfinished(connection, now)


def _state_of_linked(connection: Facts, now: datetime) -> State:
    told = {told_by(read["status"]) for read in connection.reads.values()}
    if State.EXPIRED in told:
        return State.EXPIRED
    if State.PERMISSION in told:
        return State.PERMISSION
    if connection.first_read_at is None:
        return State.WAITING_PC if _waits_for_computer(connection, now) else State.READING
    return State.PARTIAL if State.PARTIAL in told else State.LINKED


def told_by(word: str) -> State | None:
    """The state that one data type's word brings about once the first read is over; None: nothing is amiss.

    A word that we do not know is no success: what it stands for has not been read, as far as we can tell.
    """
    if word == AUTH_ERROR:
        return State.EXPIRED
    if word == PERMISSION_ERROR:
        return State.PERMISSION
    return None if word in NOTHING_AMISS else State.PARTIAL


def _waits_for_computer(connection: Facts, now: datetime) -> bool:
    if connection.platform_key != QUICKBOOKS_DESKTOP or connection.read_started_at is None:
        return False
    words = {read["status"] for read in connection.reads.values()}
    never_began = WAITING | {PREREQUISITE_NOT_MET}  # neither says that the computer answered
    return words <= never_began and now - connection.read_started_at > WAITS_FOR_COMPUTER_AFTER


def _state_of_unfinished(connection: Facts, now: datetime) -> State:
    left, back, failed = connection.left_at, connection.returned_at, connection.failed_at
    if failed and (left is None or failed >= left):
        return State.FAILED
    came_back = back is not None and (left is None or back >= left)
    if came_back and connection.returned_code == 200 and back is not None and now - back < CHECKING_FOR_AT_MOST:
        return State.CHECKING
    return State.PENDING


def progress(reads: dict[str, dict[str, str]], wanted: Iterable[str]) -> tuple[int, int]:
    """How many data types have ended well, of how many that the platform offers."""
    words = [reads.get(name, {}).get("status", "") for name in wanted]
    return words.count(DONE), len(words) - words.count(NOT_SUPPORTED)


LEGAL_FORMS = frozenset(
    {"ltd", "limited", "plc", "llp", "llc", "inc", "corp", "co", "company", "pty", "sa", "sas", "sarl", "sasu", "eurl"}
    | {"gmbh", "bv", "the", "and"}
)


def is_another_organisation(told: str, expected: str) -> bool:
    """Whether the connected accounting file seems to be somebody else's: then the customer is asked.

    Case, accents, punctuation and legal forms do not count, and one name may be the beginning of the other.
    """
    first, second = _plain_words(told), _plain_words(expected)
    if not first or not second:
        return False
    shorter, longer = sorted((first, second), key=len)
    return longer[: len(shorter)] != shorter


def _plain_words(name: str) -> list[str]:
    letters = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in letters.replace("'", "").replace("’", "")).split()
    return [word for word in words if word not in LEGAL_FORMS] or words
