"""What each page of a connection shows beside its scene: at most one query each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import brand, dates, words
from ..models import Connection, Event, Mail, Origin, User
from ..platforms import TABLES
from ..states import State
from ..usecases import consents, timeline
from ..usecases.standing import quiet_days
from ..words import PREPARATIONS, is_expenses
from . import shown
from .scenes import NOT_SUPPORTED_BY_CODAT, Facts, another_organisation, ends_on, first_read, is_slow, is_slow_read

LINES = 5
A_DAY = timedelta(days=1)
A_MOMENT = timedelta(minutes=5)  # Codat's clock and ours
CONCERNED = frozenset({State.CHECKING, State.READING, State.WAITING_PC, State.LINKED, State.PARTIAL, State.PERMISSION})
SPEEDS = ((10, 3), (37, 10), (87, 30))  # up to which look, seconds between: 30 s, then 5 min, then 30 min in all


@dataclass(frozen=True, slots=True)
class Poll:
    """The next look of an open page at itself: `after_seconds` from now, `tick` looks after the first."""

    url: str
    after_seconds: int


def poll(facts: Facts, tick: int = 0) -> Poll | None:
    """When the page looks again: often at first, then seldom, after half an hour no more."""
    seconds = next((seconds for last, seconds in SPEEDS if tick < last), None)
    if seconds is None:
        return None
    done, _total = first_read(facts)
    return Poll(f"{facts.at('status')}?tick={tick + 1}&page={page_key(facts)}&done={done}", seconds)


def page_key(facts: Facts) -> str:
    """When this word changes, the page is another one and loads anew."""
    return f"{facts.state.value}{'-slow' if facts.state == State.CHECKING and is_slow(facts) else ''}"


def _checked_at(facts: Facts) -> Any:
    connection = facts.connection
    seen = [at for at in (facts.company.checked_at, connection.seen_at if connection else None) if at]
    return max(seen, default=facts.now)


def concerns(facts: Facts) -> dict[str, Any]:
    """What is amiss, or asks for an answer: notices of the connection's page, and of home. No queries."""
    connection, state = facts.connection, facts.state
    if connection is None or state not in CONCERNED:
        return {}
    is_read = state in (State.LINKED, State.PARTIAL, State.PERMISSION)
    return {
        "is_waiting_for_computer": state == State.WAITING_PC,
        "is_slow": is_slow(facts) if state == State.CHECKING else state == State.READING and is_slow_read(facts),
        "failing": shown.names_telling(connection, state) if state == State.PARTIAL else [],
        "denied": shown.names_telling(connection, State.PERMISSION) if is_read else [],
        "quiet_days": quiet_days(connection, facts.now) if is_read else 0,
        "is_from_elsewhere": is_read and connection.origin == Origin.ELSEWHERE,
        "wrong": another_organisation(facts),
    }


def _checking(facts: Facts) -> dict[str, Any]:
    return concerns(facts) | {"checked_at": _checked_at(facts), "poll": poll(facts)}


def _reading(facts: Facts) -> dict[str, Any]:
    done, total = first_read(facts)
    assert facts.connection is not None
    return concerns(facts) | {
        "checked_at": _checked_at(facts),
        "poll": poll(facts),
        "rows": shown.rows_of(facts.connection, shown.wanted(facts.company), facts.software.name),
        "done": done,
        "total": total,
        "bar": round(100 * done / total) if total else 0,
        "is_live_read": not TABLES[facts.company.product].reads_are_stored,
    }


def _connected(facts: Facts) -> dict[str, Any]:
    connection = facts.connection
    assert connection is not None
    return concerns(facts) | {
        "summary": _summary(connection, facts),
        "rows": shown.rows_of(connection, shown.wanted(facts.company), facts.software.name)
        if facts.state in (State.PARTIAL, State.PERMISSION)
        else [],
        "retires": ends_on(facts),
        "lines": shown.lines_of(timeline.for_customer(facts.company, LINES)),
    }


def _summary(connection: Connection, facts: Facts) -> list[tuple[str, str]]:
    """Names and values; what is not known, or does not exist for the product, is left out."""
    stored = TABLES[facts.company.product].reads_are_stored
    last = connection.last_read_at if stored else None
    rows = [
        (_("Organisation"), connection.organisation),
        (_("Approved by"), _named(connection.started_by)),
        (_("Connected on"), dates.moment(connection.linked_at)),
        (_("Last read"), dates.moment(last)),
        (_("Next read"), _next_read(connection, facts) if last else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _named(person: User | None) -> str:
    if person is None:
        return ""
    return brand.name() if person.is_staff else str(person)


def _next_read(connection: Connection, facts: Facts) -> str:
    """About a day after the last one, to the hour; nothing when that has passed, for then nobody knows."""
    assert connection.last_read_at
    at = (timezone.localtime(connection.last_read_at) + A_DAY + timedelta(minutes=30)).replace(minute=0)
    if at < facts.now:
        return ""
    return _("%(date)s, around %(time)s") % {"date": dates.day(at), "time": dates.clock(at)}


def _expired(facts: Facts) -> dict[str, Any]:
    return {"is_expenses": is_expenses(facts.company.product)}


def _stopped(facts: Facts) -> dict[str, Any]:
    return {"prepare": PREPARATIONS.get(facts.software.key)}


def _disconnected(facts: Facts) -> dict[str, Any]:
    connection = facts.connection
    assert connection is not None
    mine = Mail.objects.filter(connection=connection, kind="disconnected", to=facts.user.email, failed_at=None)
    ends = Event.objects.filter(connection=connection, kind__in=("unlinked", "let_go")).select_related("by")
    end = (
        ends.annotate(mailed_at=Subquery(mine.order_by("-id").values("created_at")[:1])).order_by("-at", "-id").first()
    )
    mailed_at = end.mailed_at if end else None
    return {
        "name": shown.who(end) if end else "",
        "at": end.at if end else connection.status_at,
        "is_mailed": bool(end and mailed_at and mailed_at >= end.at - A_MOMENT),
        "is_quickbooks_desktop": facts.software.key == "pqsw",
    }


def shared(facts: Facts) -> dict[str, Any]:
    """What was agreed to, as it was said then; where nobody agreed here, what is shared now."""
    connection = facts.connection
    assert connection is not None
    consent = consents.of(connection)
    product = consent.product if consent else facts.company.product
    now = TABLES[facts.company.product].data_types
    names = consent.data_types if consent else now
    return {
        "consent": consent,
        "name": _named(consent.user if consent else None),
        "items": [words.ITEMS[name] for name in names if name in words.ITEMS],
        "we_add": words.we_add(product, brand.product_name(product)),
        "has_changed": consent is not None
        and (consent.text_version != consents.TEXT_VERSION or set(names) != set(now)),
    }


def _problem(facts: Facts) -> dict[str, Any]:
    connection = facts.connection
    assert connection is not None
    event = Event.objects.filter(connection=connection, kind="failed").order_by("-at", "-id").first()
    return {
        "event": event,
        "code": connection.returned_code,
        "message": connection.failure,
        "is_not_supported": connection.returned_code == NOT_SUPPORTED_BY_CODAT,
    }


MORE: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "checking": _checking,
    "reading": _reading,
    "connected": _connected,
    "expired": _expired,
    "stopped": _stopped,
    "disconnected": _disconnected,
    "problem": _problem,
}


def of(page: str, facts: Facts) -> dict[str, Any]:
    return MORE[page](facts) if page in MORE else {}
