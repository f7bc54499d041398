"""The one door: nothing else writes a connection's status.

Webhook batches, sweep pages and people's own acts all come here with what Codat said. The rows are decided
on, changed, told of in the timeline and followed up in one transaction.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..actors import Actor
from ..lifecycle import (
    AHEAD_AT_MOST,
    UNFINISHED,
    Observation,
    Status,
    Verdict,
    believed,
    decide,
    read_counts_from,
)
from ..models import Connection, Event, Kind
from . import mails, standing, timeline
from .saving import save_each, told_as_json

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
    "organisation",
    "organisation_was",
    "organisation_kept_at",
    "reads",
    "read_started_at",
    "first_read_at",
    "look_at",
    "looks",
    "look_error",
]


# Every value travels as a parameter.
TOUCH = """
UPDATE onboarding_connection AS known SET seen_at = told.at, seen_by_read = told.is_read, unknown_status = ''
FROM {told} WHERE known.id = told.id
AND (known.seen_at IS NULL OR known.seen_at < told.at OR known.seen_at > %s
OR (known.seen_at = told.at AND NOT known.seen_by_read))
"""


@transaction.atomic(durable=True)
def record(told: Mapping[int, Observation], *, by: Actor | None = None) -> dict[int, Verdict]:
    """Take what Codat said of some connections, by primary key; a constant number of queries for any number.

    Safe to repeat and to race: the rows are locked in one order, and an older observation never overwrites a
    newer one. `durable`: it refuses to run inside another transaction, and so proves that no call to Codat was
    made in one. `by` is whoever acted; None for news.

    The caller reads a connection once whose verdict is ASK, and records that.
    """
    locked = Connection.objects.select_for_update().filter(pk__among=told).order_by("pk")
    rows = locked.values_list("pk", "status", "seen_at")
    now = timezone.now()
    verdicts = {pk: decide(status, believed(seen_at, now), told[pk]) for pk, status, seen_at in rows}
    _touch({pk: told[pk] for pk, verdict in verdicts.items() if verdict is Verdict.SAME}, now)
    moving = {pk: verdict for pk, verdict in verdicts.items() if verdict in (Verdict.MOVED, Verdict.UNKNOWN)}
    if moving:
        _move(told, moving, by)
    return verdicts


def _touch(told: Mapping[int, Observation], now: datetime) -> None:
    """Nothing changed: but it was true then, and an older event must not win later.

    Each has a time of its own, and still it is one statement; the ORM's way costs 50 times as much.
    """
    if not told:
        return
    adapt = database.ops.adapt_datetimefield_value
    rows = [{"id": pk, "at": str(adapt(news.at)), "is_read": news.is_read} for pk, news in told.items()]
    table = told_as_json({"id": "bigint", "at": "timestamptz", "is_read": "boolean"})
    with database.cursor() as cursor:
        cursor.execute(TOUCH.format(told=table), [json.dumps(rows), adapt(now + AHEAD_AT_MOST)])


def _move(told: Mapping[int, Observation], verdicts: Mapping[int, Verdict], by: Actor | None) -> None:
    changed, moved, lines = [], [], []
    for row in Connection.objects.filter(pk__in=verdicts).select_related("company").order_by("pk"):
        news = told[row.pk]
        if verdicts[row.pk] is Verdict.UNKNOWN:
            row.unknown_status = news.status[:40]
        else:
            lines.append(_line(row, news, by))
            _become(row, news)
            moved.append(row)
        changed.append(row)
    save_each(changed, CHANGED_FIELDS)
    Event.objects.bulk_create(lines)
    standing.note_steps(moved)
    standing.refresh({row.company_id for row in changed})
    _write_to_people(moved, by)


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
    if connection.organisation:  # to be read anew: another file may have been picked this time
        connection.organisation_was, connection.organisation = connection.organisation, ""
        connection.organisation_kept_at = None
    since = read_counts_from(at, connection.left_at)
    kept = since.isoformat()
    connection.reads = {name: read for name, read in connection.reads.items() if read.get("at", "") >= kept}
    if connection.first_read_at:
        connection.first_read_at = max(connection.first_read_at, at) if connection.first_read_at >= since else None


def _write_to_people(moved: list[Connection], by: Actor | None) -> None:
    """Rows of mail, in the same transaction; the worker sends them."""
    over = (Status.DEAUTHORIZED, Status.UNLINKED)
    ended = [row for row in moved if row.kind == Kind.ACCOUNTING and row.status in over]
    if ended:
        mails.ended(ended, by)


def look_later(pks: Iterable[int], at: datetime) -> None:
    """Have these connections followed at a time, or sooner if they are due sooner already."""
    Connection.objects.filter(Q(look_at=None) | Q(look_at__gt=at), pk__in=pks).update(look_at=at)
