"""The one door: nothing else writes a connection's status.

Webhook batches, sweep pages and people's own acts all come here with what Codat said. The rows are decided
on, changed, told of in the timeline and followed up in one transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from ..actors import Actor
from ..lifecycle import UNFINISHED, Observation, Status, Verdict, decide
from ..models import Connection, Event, Kind
from . import mails, standing, timeline

KINDS = {  # timeline words of a change, by what the connection became
    Status.PENDING_AUTH: "created",
    Status.LINKED: "connected",
    Status.DEAUTHORIZED: "expired",
    Status.UNLINKED: "unlinked",
    Status.DELETED: "deleted",
}
CHANGED_FIELDS = [
    "status",
    "unknown_status",
    "status_at",
    "seen_at",
    "seen_by_read",
    "is_unfinished",
    "linked_at",
    "let_go_at",
    "failed_at",
    "failures",
    "failure",
    "organisation_was",
    "organisation_kept_at",
    "reads",
    "read_started_at",
    "first_read_at",
    "look_at",
    "looks",
    "look_error",
]


@transaction.atomic(durable=True)
def record(told: Mapping[int, Observation], *, by: Actor | None = None) -> dict[int, Verdict]:
    """Take what Codat said of some connections, by primary key; a constant number of queries for any number.

    Safe to repeat and to race: what changes is locked in one order and decided on again, and an older
    observation never overwrites a newer one. `durable`: it refuses to run inside another transaction, and so
    proves that no call to Codat was made in one. `by` is whoever acted; None for news.

    The caller reads a connection once whose verdict is ASK, and records that.
    """
    rows = Connection.objects.filter(pk__in=told).values_list("pk", "status", "seen_at")
    verdicts = {pk: decide(status, seen_at, told[pk]) for pk, status, seen_at in rows}
    _touch(told, [pk for pk, verdict in verdicts.items() if verdict is Verdict.SAME])
    moving = [pk for pk, verdict in verdicts.items() if verdict in (Verdict.MOVED, Verdict.UNKNOWN)]
    if moving:
        verdicts |= _move(told, moving, by)
    return verdicts


def _touch(told: Mapping[int, Observation], pks: Iterable[int]) -> None:
    """Nothing changed: but it was true then, and an older event must not win later. One statement for each time."""
    by_time: dict[tuple[datetime, bool, str], list[int]] = defaultdict(list)
    for pk in pks:
        news = told[pk]
        by_time[news.at, news.is_read, news.status].append(pk)
    for (at, is_read, status), group in by_time.items():
        older = Q(seen_at=None) | Q(seen_at__lt=at) | Q(seen_at=at, seen_by_read=False)
        Connection.objects.filter(older, pk__in=group, status=status).update(
            seen_at=at, seen_by_read=is_read, unknown_status=""
        )


def _move(told: Mapping[int, Observation], pks: list[int], by: Actor | None) -> dict[int, Verdict]:
    verdicts, changed, lines = {}, [], []
    locked = Connection.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    for connection in locked.select_related("company"):
        news = told[connection.pk]
        verdict = verdicts[connection.pk] = decide(connection.status, connection.seen_at, news)
        if verdict is Verdict.UNKNOWN:
            connection.unknown_status = news.status[:40]
            changed.append(connection)
        elif verdict is Verdict.MOVED:
            lines.append(_line(connection, news, by))
            _become(connection, news)
            changed.append(connection)
    Connection.objects.bulk_update(changed, CHANGED_FIELDS)
    Event.objects.bulk_create(lines)
    moved = [connection for connection in changed if verdicts[connection.pk] is Verdict.MOVED]
    standing.note_steps(moved)
    standing.refresh({connection.company_id for connection in changed})
    _write_to_people(moved, by)
    return verdicts


def _line(connection: Connection, news: Observation, by: Actor | None) -> Event:
    return timeline.line(
        KINDS[Status(news.status)],
        company=connection.company_id,
        connection=connection,
        by=by or Actor(news.source),
        at=news.at,
        before=connection.status,
        after=news.status,
        facts={"platform": connection.platform_key, "partner": connection.kind == Kind.PARTNER_EXPENSE},
        problem=news.status == Status.DEAUTHORIZED,
        correlation_id=news.correlation_id,
        delivery_id=news.delivery_id,
    )


def _become(connection: Connection, news: Observation) -> None:
    """What follows on the row itself from a change of status."""
    connection.status = news.status
    connection.unknown_status = ""
    connection.status_at = connection.seen_at = news.at
    connection.seen_by_read = news.is_read
    connection.is_unfinished = connection.is_unfinished and news.status in UNFINISHED
    connection.looks, connection.look_error = 0, ""
    connection.look_at = news.at if news.status == Status.LINKED else None
    if news.status == Status.LINKED:
        _begin_reading(connection, news.at)


def _begin_reading(connection: Connection, at: datetime) -> None:
    """Every authorisation is followed by a first read. Its news may have come before this: keep what is newer."""
    connection.linked_at = connection.read_started_at = at
    connection.let_go_at = connection.failed_at = None
    connection.failures, connection.failure = 0, ""
    if connection.organisation:
        connection.organisation_was, connection.organisation_kept_at = connection.organisation, None
    since = at.isoformat()
    connection.reads = {name: read for name, read in connection.reads.items() if read.get("at", "") >= since}
    if connection.first_read_at and connection.first_read_at < at:
        connection.first_read_at = None


def _write_to_people(moved: list[Connection], by: Actor | None) -> None:
    """Rows of mail, in the same transaction; the worker sends them."""
    for connection in moved:
        if connection.kind != Kind.ACCOUNTING:
            continue
        if connection.status == Status.DEAUTHORIZED:
            mails.expired(connection)
        elif connection.status == Status.UNLINKED:
            mails.disconnected(connection, by=by)


def look_later(pks: Iterable[int], at: datetime) -> None:
    """Have these connections followed at a time, or sooner if they are due sooner already."""
    Connection.objects.filter(Q(look_at=None) | Q(look_at__gt=at), pk__in=pks).update(look_at=at)
