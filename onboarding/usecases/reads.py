"""What Codat has read of a company's books: progress by data type, the end of the first read, reads on request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import codat
from ..actors import Actor
from ..errors import NotLinked, NotNow
from ..lifecycle import LINK_LIVES, Source, Status, read_counts_from
from ..models import Company, Connection, Event, Kind
from ..platforms import TABLES
from ..states import DONE, ENDS, NOT_SUPPORTED, READING, WAITING, progress
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import mails, standing, timeline
from .saving import update_each

SAVED = ["reads", "last_read_at", "first_read_at", "look_at", "looks"]
UNKNOWN_WORD_MAY_RUN_FOR = timedelta(days=1)  # then it counts as an end, or the first read would have none
READS_ONE_TYPE = "company"  # the smallest: enough to keep idle access alive


@dataclass(frozen=True, slots=True)
class Outcome:
    """Codat's word for one data type at one time (aware UTC). `done_at`: when a read that is done ended, if before."""

    data_type: str
    status: str
    at: datetime
    message: str = ""
    done_at: datetime | None = None


def wanted(connection: Connection) -> tuple[str, ...]:
    """The data types that make up the first read. Synchronous Bill Pay stores none: its read is one live call."""
    table = TABLES[connection.company.product]
    return table.data_types if table.reads_are_stored else ("company",)


def progress_of(connection: Connection) -> tuple[int, int]:
    """(done, total) of the first read, without what the platform does not offer."""
    return progress(connection.reads, wanted(connection))


def note(
    connection: Connection,
    outcomes: Iterable[Outcome],
    *,
    by: Actor,
    ended_at: datetime | None = None,
    delivery_id: str = "",
) -> None:
    """Take in outcomes, newest wins for each type; `ended_at` says that the read after an authorisation is over.

    Safe to repeat and in any order. When the first read ends, the timeline says so and a mail is due, once.
    """
    note_many(
        {connection.pk: list(outcomes)},
        by=by,
        ended={connection.pk: ended_at} if ended_at else {},
        delivery_ids={connection.pk: delivery_id},
    )


def note_many(
    outcomes: Mapping[int, Iterable[Outcome]],
    *,
    by: Actor,
    ended: Mapping[int, datetime],
    delivery_ids: Mapping[int, str] | None = None,
) -> None:
    """As `note`, for many connections by primary key: the same few queries for one and for hundreds."""
    with transaction.atomic():
        rows = _lock(outcomes.keys() | ended.keys())
        changed, over, moved = {}, [], set()
        for row in rows:
            before = _words(row)
            has_news = [_merge(row, outcome) for outcome in outcomes.get(row.pk, ())]
            is_over = row.pk in ended and _end_first_read(row, ended[row.pk])
            if any(has_news) or is_over:
                changed[row.pk] = row
            if is_over:
                over.append(row.pk)
            if is_over or _words(row) != before or not row.is_well:
                moved.add(row.company_id)
        update_each(Connection, {pk: [getattr(row, name) for name in SAVED] for pk, row in changed.items()}, SAVED)
        if over:
            _tell_first_reads(over, by, delivery_ids or {})
        times = {row.company_id: row.last_read_at for row in changed.values() if row.company_id not in moved}
        standing.note_read(times)
        standing.refresh(moved)


@dataclass(slots=True)
class Row:
    """What taking in an outcome needs of a connection: a third of the work of the whole model."""

    pk: int
    company_id: int
    kind: str
    status: str
    reads: dict[str, dict[str, str]]
    linked_at: datetime | None
    left_at: datetime | None
    first_read_at: datetime | None
    last_read_at: datetime | None
    look_at: datetime | None
    looks: int
    company_needs: bool = False

    @property
    def is_well(self) -> bool:
        """Nothing but the time of its last read follows from one more read that says the same."""
        return self.status == Status.LINKED and self.kind == Kind.ACCOUNTING and not self.company_needs


def _lock(pks: Iterable[int]) -> list[Row]:
    fields = [field.name for field in dataclass_fields(Row)][:-1]
    locked = Connection.objects.select_for_update().filter(pk__among=set(pks)).order_by("pk")
    rows = [Row(*values) for values in locked.values_list(*fields)]
    needy = Company.objects.filter(pk__among={row.company_id for row in rows}).exclude(needs="")
    ids = set(needy.values_list("pk", flat=True))
    for row in rows:
        row.company_needs = row.company_id in ids
    return rows


def _words(row: Row) -> dict[str, str]:
    return {name: read["status"] for name, read in row.reads.items()}


def _merge(connection: Row, outcome: Outcome) -> bool:
    """Whether that was news."""
    known = connection.reads.get(outcome.data_type, {})
    at = outcome.at.isoformat()
    if at < known.get("at", ""):
        return False
    read = {"status": outcome.status, "at": at, "message": outcome.message}
    if outcome.status == DONE:
        done_at = outcome.done_at or outcome.at
        read["done_at"] = done_at.isoformat()
        if connection.last_read_at is None or done_at > connection.last_read_at:
            connection.last_read_at = done_at
    elif "done_at" in known:
        read["done_at"] = known["done_at"]
    kept = {key: value for key, value in read.items() if value or key == "status"}
    connection.reads[outcome.data_type] = kept
    return kept != known


def _end_first_read(connection: Row, at: datetime) -> bool:
    """Whether the read after the last authorisation is over by this."""
    linked_at, known_at = connection.linked_at, connection.first_read_at
    if linked_at and at < read_counts_from(linked_at, connection.left_at):
        return False
    if known_at and known_at >= (linked_at or at):
        return False
    connection.first_read_at = max(at, linked_at or at)
    connection.look_at, connection.looks = at, 0  # the organisation's name can be asked for now
    return True


def _tell_first_reads(pks: list[int], by: Actor, delivery_ids: Mapping[int, str]) -> None:
    lines, steps = [], {}
    over = list(Connection.objects.filter(pk__in=pks).select_related("company"))
    for connection in over:
        done, total = progress_of(connection)
        assert connection.first_read_at
        steps[connection.company_id] = connection.first_read_at
        line = timeline.line(
            "read",
            company=connection.company_id,
            connection=connection,
            by=by,
            at=connection.first_read_at,
            facts={"n": done, "total": total, "platform": connection.platform_key},
            problem=done < total,
            delivery_id=delivery_ids.get(connection.pk, ""),
        )
        lines.append(line)
    Event.objects.bulk_create(lines)
    standing.note_first("first_read_at", steps)
    for connection in over:
        if connection.is_linked:
            mails.connected(connection)


def ask_progress(connection: Connection, *, errand: Errand = Errand.FOLLOW) -> None:
    """Ask Codat once how far the first read is, and take that in. Raises a CodatError with nothing recorded."""
    if TABLES[connection.company.product].reads_are_stored:
        _ask_status(connection, errand)
    else:
        _ask_live(connection, errand)


def _ask_status(connection: Connection, errand: Errand) -> None:
    company = connection.company
    assert company.codat_id
    asked_at = timezone.now()
    told = codat_for(errand).data_status(company.codat_id)
    ours = [(name, told[name]) for name in wanted(connection) if name in told]
    outcomes = [_outcome_of(name, each, asked_at) for name, each in ours if not _is_of_before(each, connection)]
    words = {outcome.status for outcome in outcomes}
    is_over = len(outcomes) == len(wanted(connection)) and _have_ended(words, connection, asked_at)
    note(connection, outcomes, by=Actor(Source.WORKER), ended_at=asked_at if is_over else None)


def _have_ended(words: set[str], connection: Connection, now: datetime) -> bool:
    """Whether every word is an end. One that we do not know may be a step of a read that runs: it gets a day."""
    if words & (WAITING | READING):
        return False
    since = connection.read_started_at or connection.linked_at
    return words <= ENDS or (since is not None and now - since > UNKNOWN_WORD_MAY_RUN_FOR)


def _outcome_of(name: str, told: codat.DataStatus, at: datetime) -> Outcome:
    """The word is true now; a read that it calls done may be of weeks ago, and keeps no access alive today."""
    read_at = min(told.last_successful_sync, at) if told.last_successful_sync else at
    return Outcome(name, told.current_status, at, done_at=read_at)


def _is_of_before(told: codat.DataStatus, connection: Connection) -> bool:
    """Done before the customer last left for Link: the read after the new authorisation has not begun."""
    linked_at, left_at, read_at = connection.linked_at, connection.left_at, told.last_successful_sync
    if told.current_status != DONE or None in (linked_at, left_at, read_at):
        return False
    assert linked_at and left_at and read_at
    return timedelta(0) <= linked_at - left_at <= LINK_LIVES and read_at < read_counts_from(linked_at, left_at)


def _ask_live(connection: Connection, errand: Errand) -> None:
    """Synchronous Bill Pay: the name of the file, read live, is the whole first read."""
    company = connection.company
    assert company.codat_id and connection.codat_id
    asked_at = timezone.now()
    told = codat_for(errand).payables_info(company.codat_id, connection.codat_id)
    note_organisation(connection, told.name)
    note(
        connection,
        [Outcome("company", DONE, asked_at)],
        by=Actor(Source.WORKER),
        ended_at=asked_at,
    )


def ask_organisation(connection: Connection, *, errand: Errand = Errand.FOLLOW) -> bool:
    """Read back which accounting file was connected; False if Codat has not read it yet. Raises a CodatError."""
    company = connection.company
    assert company.codat_id and connection.codat_id
    client = codat_for(errand)
    try:
        if TABLES[company.product].reads_are_stored:
            told = client.company_info(company.codat_id)
        else:
            told = client.payables_info(company.codat_id, connection.codat_id)
    except codat.Refused as error:
        if error.code in (404, 409):  # not read yet, or not offered by this platform
            return False
        raise
    note_organisation(connection, told.name)
    return True


def note_organisation(connection: Connection, name: str) -> None:
    """Keep the name of the connected accounting file."""
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(organisation=name[:255])
        standing.refresh([connection.company_id])


def read_now(connection: Connection, *, by: Actor, errand: Errand = Errand.CLICK) -> None:
    """Ask Codat to read every data type again. Raises NotLinked, NotNow, or a CodatError with nothing recorded."""
    company = connection.company
    if not connection.is_linked or company.codat_id is None:
        raise NotLinked(platform=connection.software_name)
    if not TABLES[company.product].reads_are_stored:
        raise NotNow(sentence=_("This product reads the books live: there is no stored data to read again."))
    if connection.first_read_at is None or is_reading(connection):
        raise NotNow(sentence=_("A read is running already."))
    codat_for(errand).refresh_all(company.codat_id)
    _note_asked(connection, by, "read.asked")


def is_reading(connection: Connection) -> bool:
    return any(read.get("status") in READING for read in connection.reads.values())


def read_quietly(connection: Connection, *, errand: Errand = Errand.FOLLOW) -> None:
    """One small read that keeps idle access alive: platforms take access away after 60 to 100 silent days."""
    company = connection.company
    assert company.codat_id and connection.codat_id
    if TABLES[company.product].reads_are_stored:
        client = codat_for(errand)
        client.refresh_data_type(company.codat_id, READS_ONE_TYPE, connection_id=connection.codat_id)
        _note_asked(connection, Actor(Source.WORKER), "read.kept_alive")
    else:
        _ask_live(connection, errand)


def _note_asked(connection: Connection, by: Actor, kind: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(read_asked_at=now, look_at=now + timedelta(minutes=10))
        timeline.write(
            kind,
            company=connection.company_id,
            connection=connection,
            by=by,
            at=now,
            facts={"platform": connection.platform_key},
        )


__all__ = ["NOT_SUPPORTED", "Outcome", "ask_organisation", "ask_progress", "note", "read_now", "read_quietly"]
