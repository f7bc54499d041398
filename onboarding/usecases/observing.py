"""Taking in what Codat says of a company's connections: one read, one failure, one that we did not know."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..lifecycle import Observation, Source, Status
from ..models import Company, Connection, Kind, Origin
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import standing, timeline
from .door import record

CANCELLED = 403  # Codat's code for a customer who left before finishing


def read(connection: Connection, *, by: Actor, errand: Errand) -> codat.Connection | None:
    """Ask Codat for one connection and record its status; None if Codat no longer has it. Raises a CodatError."""
    company = connection.company
    if company.codat_id is None or connection.codat_id is None:
        return None
    asked_at = timezone.now()
    try:
        told = codat_for(errand).get_connection(company.codat_id, connection.codat_id)
    except codat.Refused as error:
        if not error.is_gone:
            raise
        gone = Observation(Status.DELETED, asked_at, by.source, True, error.correlation_id)
        record({connection.pk: gone}, by=by)
        return None
    record({connection.pk: Observation(told.status, asked_at, by.source, is_read=True)}, by=by)
    if told.status == Status.PENDING_AUTH:
        _note_told_failure(connection, told, by)
    return told


def _note_told_failure(connection: Connection, told: codat.Connection, by: Actor) -> None:
    """A failed try leaves the status as it was and its reason among the connection's errors."""
    faults = [fault for fault in told.errors if fault.occurred_at and fault.status != "Resolved"]
    newest = max(faults, key=lambda fault: fault.occurred_at or datetime.min, default=None)
    if newest and newest.occurred_at and connection.left_at and newest.occurred_at >= connection.left_at:
        code = int(newest.status_code) if newest.status_code.isdecimal() else None
        note_failure(connection, message=words_of(newest), at=newest.occurred_at, by=by, code=code)


def words_of(fault: codat.ConnectionFault) -> str:
    """Codat's standard sentence, and the software's own words beside it where they say more."""
    return ": ".join(dict.fromkeys(text for text in (fault.message, fault.status_text) if text))


def note_failure(
    connection: Connection, *, message: str, at: datetime, by: Actor, code: int | None = None, delivery_id: str = ""
) -> None:
    """A try at Link did not go through. The same try told of twice (return and webhook) counts once.

    code  403 is the customer who left before the end: no failure, and the state stays "not finished"
    """
    if code == CANCELLED:
        note_cancelled(connection, at=at, by=by, delivery_id=delivery_id)
        return
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        is_known = bool(connection.failed_at and connection.left_at and connection.failed_at >= connection.left_at)
        if not connection.is_pending or (is_known and (connection.failure or not message)):
            return
        connection.failed_at, connection.failure = at, message[:2000]
        connection.failures += 0 if is_known else 1
        connection.save(update_fields=["failed_at", "failure", "failures"])
        if not is_known:
            timeline.write(
                "failed",
                company=connection.company_id,
                connection=connection,
                by=by,
                at=at,
                facts={"platform": connection.platform_key, "message": message[:500], "code": code},
                problem=True,
                delivery_id=delivery_id,
            )
        standing.refresh([connection.company_id])


def note_cancelled(connection: Connection, *, at: datetime, by: Actor, delivery_id: str = "") -> None:
    """The customer stopped before the end; one line for each time that they left for Link."""
    since = connection.left_at or connection.created_at
    if connection.history.filter(kind="cancelled", at__gte=since).exists():
        return
    timeline.write(
        "cancelled",
        company=connection.company_id,
        connection=connection,
        by=by,
        at=at,
        facts={"platform": connection.platform_key, "code": CANCELLED},
        delivery_id=delivery_id,
    )


def adopt(
    company: Company, told: codat.Connection, *, at: datetime, source: Source, is_read: bool = True
) -> Connection | None:
    """Take in a connection that Codat has and we did not know, with its status.

    One that a lost answer of ours made becomes that start's own row; others are marked as made elsewhere.
    None for what does not concern us, and while a start for the company is under way (then it comes again).
    """
    kind = _kind_of(told)
    if kind is None:
        return None
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        connection = company.connections.filter(codat_id=told.id).first()
        if connection is None and company.held_until and company.held_until > timezone.now():
            return None
        if connection is None:
            connection = _take_in(company, told, kind, source)
    record({connection.pk: Observation(told.status, at, source, is_read)})
    connection.refresh_from_db()
    return connection


def _kind_of(told: codat.Connection) -> Kind | None:
    if told.source_type == "Expense":
        return Kind.PARTNER_EXPENSE
    return Kind.ACCOUNTING if told.source_type in ("Accounting", "") else None


def _take_in(company: Company, told: codat.Connection, kind: Kind, source: Source) -> Connection:
    lost = _lost_start(company, told, kind)
    connection = lost or Connection(
        company=company, kind=kind, origin=Origin.ELSEWHERE, platform_key=told.platform_key[:10]
    )
    connection.codat_id, connection.platform_name = told.id, told.platform_name[:120]
    connection.create_key = connection.create_asked_at = None
    connection.save()
    timeline.write(
        "adopted",
        company=company,
        connection=connection,
        by=Actor(source),
        after=told.id,
        facts={"platform": told.platform_key, "lost": bool(lost), "partner": kind == Kind.PARTNER_EXPENSE},
    )
    return connection


def _lost_start(company: Company, told: codat.Connection, kind: Kind) -> Connection | None:
    """Our own start whose answer never came. The partner connection has no platform to tell it by: there is one.

    Nor has an accounting connection of which Codat leaves the platform out, as it may; there is one unfinished, too.
    """
    starts = company.connections.filter(kind=kind, status=Status.STARTING, codat_id=None, create_asked_at__isnull=False)
    if kind == Kind.ACCOUNTING and told.platform_key:
        starts = starts.filter(platform_key=told.platform_key)
    return starts.first()
