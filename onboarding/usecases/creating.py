"""Making one accounting connection at Codat: once, whatever the double clicks, lost answers and crashes.

Everything here is for a caller that holds the company (`companies.held`).
"""

from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from .. import codat, queries
from ..actors import Actor
from ..errors import ConnectionGone, NotOffered, StillWorking
from ..lifecycle import Observation, Status
from ..models import Company, Connection
from ..platforms import name_of
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import companies, door, observing, timeline
from .retries import is_spent, made_nothing


def create_held(
    company: Company, platform_key: str, *, by: Actor, errand: Errand
) -> tuple[Connection, codat.Connection]:
    """A PendingAuth connection to the platform, and what Codat said of it (with its fresh link URL).

    A company that Codat no longer has is made anew, once: this is the customer's next Connect.
    Raises StillWorking, ConnectionGone, NotOffered or a CodatError; the intent stays stored.
    """
    try:
        return _create(company, platform_key, by=by, errand=errand)
    except codat.Refused as error:
        if not error.is_gone:
            raise
        if _is_at_codat(company, errand):  # then it is the software that Codat does not find
            raise NotOffered(platform=name_of(platform_key)) from None
        companies.note_gone(company, at=timezone.now(), by=by)
        company = companies.ensure_held(Company.objects.get(pk=company.pk), by=by, errand=errand)
        return _create(company, platform_key, by=by, errand=errand)


def _is_at_codat(company: Company, errand: Errand) -> bool:
    """Asked before a company is made anew: "not found" may mean the software, and a second company is for ever."""
    assert company.codat_id
    try:
        codat_for(errand).get_company(company.codat_id)
    except codat.Refused as error:
        if error.is_gone:
            return False
        raise
    return True


def _create(company: Company, platform_key: str, *, by: Actor, errand: Errand) -> tuple[Connection, codat.Connection]:
    connection = _intended(company, platform_key, by)
    was_asked = connection.create_asked_at is not None
    if was_asked and (found := find_lost(connection, errand)):
        return _keep_found(connection, found, by=by, errand=errand)
    connection.create_key = connection.create_key or uuid4()
    connection.create_asked_at = timezone.now()
    connection.save(update_fields=["create_key", "create_asked_at"])
    assert company.codat_id
    try:
        told = codat_for(errand).create_connection(company.codat_id, platform_key, key=connection.create_key)
    except codat.CodatError as error:
        return _create_failed(connection, error, was_asked=was_asked, by=by, errand=errand)
    return keep(connection, told, by=by), told


def _intended(company: Company, platform_key: str, by: Actor) -> Connection:
    """The row of an earlier try whose answer was lost, or a new one: the intent stands before the call."""
    for earlier in queries.ACCOUNTING.filter(company=company, status=Status.STARTING, codat_id=None):
        if earlier.platform_key == platform_key:
            return earlier
    try:
        with transaction.atomic():
            return Connection.objects.create(
                company=company, platform_key=platform_key, is_unfinished=True, started_by=by.user
            )
    except IntegrityError:
        raise StillWorking from None


def find_lost(connection: Connection, errand: Errand) -> codat.Connection | None:
    """The connection that an earlier create made, if its answer never reached us."""
    company = connection.company
    known = set(company.connections.exclude(codat_id=None).values_list("codat_id", flat=True))
    assert company.codat_id
    page = codat_for(errand).list_connections(company.codat_id)
    for told in page.results:
        is_ours = told.platform_key in (connection.platform_key, "") and told.source_type in ("Accounting", "")
        if is_ours and told.status == Status.PENDING_AUTH and told.id not in known:
            return told
    return None


def _create_failed(
    connection: Connection, error: codat.CodatError, *, was_asked: bool, by: Actor, errand: Errand
) -> tuple[Connection, codat.Connection]:
    """Keep what a later try needs; look at once when Codat answered 5xx, for it may have happened."""
    if is_spent(error, was_asked=was_asked):
        connection.create_key = None
    if made_nothing(error, was_asked=was_asked):
        connection.create_asked_at = None
    connection.save(update_fields=["create_key", "create_asked_at"])
    if isinstance(error, codat.Refused) and not error.transient:
        never_came_to_be(connection, by=by)
    elif isinstance(error, (codat.Unreachable, codat.Garbled)) and error.answered:
        found = find_lost(connection, errand)
        if found:
            return _keep_found(connection, found, by=by, errand=errand)
    raise error


def _keep_found(
    connection: Connection, found: codat.Connection, *, by: Actor, errand: Errand
) -> tuple[Connection, codat.Connection]:
    """Remember what a lost create made, then ask for it alone: the link addresses of a list open nothing."""
    connection = keep(connection, found, by=by)
    told = observing.read(connection, by=by, errand=errand)
    if told is None:
        raise ConnectionGone
    return connection, told


def never_came_to_be(connection: Connection, *, by: Actor) -> None:
    """End a start of which Codat has nothing."""
    door.record({connection.pk: Observation(Status.DELETED, timezone.now(), by.source, is_read=True)}, by=by)


def keep(connection: Connection, told: codat.Connection, *, by: Actor) -> Connection:
    """Remember the connection that Codat made, then its status. Dying in between leaves what `follow` finishes.

    If news of it made a row of its own before, that one is it, and this start ends.
    """
    if adopted := connection.company.connections.filter(codat_id=told.id).exclude(pk=connection.pk).first():
        never_came_to_be(connection, by=by)
        adopted.platform_key = adopted.platform_key or connection.platform_key
        connection = adopted
    with transaction.atomic():
        connection.codat_id, connection.platform_name = told.id, told.platform_name[:120] or connection.platform_name
        connection.create_key = connection.create_asked_at = None
        connection.save(update_fields=["codat_id", "platform_key", "platform_name", "create_key", "create_asked_at"])
        timeline.write(
            "codat.connection",
            company=connection.company_id,
            connection=connection,
            by=by,
            after=told.id,
            facts={"platform": connection.platform_key},
        )
    door.record({connection.pk: Observation(told.status, timezone.now(), by.source, is_read=True)}, by=by)
    connection.refresh_from_db()
    return connection
