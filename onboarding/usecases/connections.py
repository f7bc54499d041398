"""What people do with a company's accounting connection: start, reconnect, check, disconnect, drop."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import codat, queries
from ..actors import Actor
from ..codat import LinkUrl
from ..errors import (
    AlreadyConnected,
    ConnectionGone,
    NothingToRelink,
    NotLinked,
    NotNow,
    NotUnfinished,
    TooManyTries,
    TooSoon,
)
from ..lifecycle import Observation, Status, Verdict
from ..models import Company, Connection, Event
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import companies, creating, door, platforms, standing, timeline
from .door import record
from .observing import adopt, read

STARTS_AN_HOUR = 20  # for each company: nobody needs more, and each may cost Codat requests
CHECK_EVERY_SECONDS = 30
FIRST_LOOK_AT_LINK = timedelta(minutes=15)  # somebody at Link is left in peace; the webhook comes first


def start(company: Company, platform_key: str, *, by: Actor, errand: Errand = Errand.CLICK) -> LinkUrl:
    """Have a connection to the platform, and a fresh link URL to send the browser to.

    The company and the connection are created at Codat at most once. An unfinished one to the same platform is
    used again; one to another platform is deleted at Codat first; an expired or disconnected one to the same
    platform is reconnected. Raises NotOffered, PlatformPaused, AlreadyConnected, TooManyTries, StillWorking,
    NoNameLeft or a CodatError; the intent stays stored, and nothing is half written.
    """
    _check_tries(company)
    connection, told = _prepare(company, platform_key, by=by, errand=errand)
    return _leave(connection, told, by=by)


def prepare(company: Company, platform_key: str, *, by: Actor, errand: Errand = Errand.CLICK) -> Connection:
    """As `start`, but nobody leaves for Link now: staff chose for the customer, or a file did."""
    connection, _told = _prepare(company, platform_key, by=by, errand=errand)
    return connection


def _check_tries(company: Company) -> None:
    """Raises TooManyTries with the minutes until the oldest of them is an hour ago."""
    since = timezone.now() - timedelta(hours=1)
    tries = (
        Event.objects.filter(company=company, kind="left", at__gt=since).order_by("-at").values_list("at", flat=True)
    )
    newest = list(tries[:STARTS_AN_HOUR])
    if len(newest) == STARTS_AN_HOUR:
        raise TooManyTries(minutes=max(1, round((newest[-1] - since).total_seconds() / 60)))


def _prepare(company: Company, platform_key: str, *, by: Actor, errand: Errand) -> tuple[Connection, codat.Connection]:
    platforms.check_offered(company, platform_key, errand=errand)
    with companies.held(company) as fresh:
        if linked := queries.linked(fresh):
            raise AlreadyConnected(platform=linked.software_name, connection=linked)
        fresh = companies.ensure_held(fresh, by=by, errand=errand)
        _note_picked(fresh, platform_key, by)
        for other in queries.accounting_of(fresh):
            if other.is_unfinished and other.platform_key != platform_key:
                _drop_held(other, by=by, errand=errand)
        for earlier in reversed(queries.accounting_of(fresh)):
            if earlier.platform_key == platform_key and earlier.can_relink:
                told = read(earlier, by=by, errand=errand)
                if told is not None:
                    return _not_linked(earlier), told
        made, told = creating.create_held(fresh, platform_key, by=by, errand=errand)
        return _not_linked(made), told


def _not_linked(connection: Connection) -> Connection:
    """Raises AlreadyConnected if the read just showed that it was finished in the meantime."""
    connection.refresh_from_db()
    if connection.is_linked:
        raise AlreadyConnected(platform=connection.software_name, connection=connection)
    return connection


def _note_picked(company: Company, platform_key: str, by: Actor) -> None:
    with transaction.atomic():
        timeline.write("picked", company=company, by=by, facts={"platform": platform_key})
        standing.note_step(company, "picked_at")


def _leave(connection: Connection, told: codat.Connection, *, by: Actor) -> LinkUrl:
    """Store that somebody leaves for Link. Raises Garbled for a link URL that is not Codat's; nothing is stored."""
    codat_for(Errand.CLICK).check_link(told.link_url)
    now = timezone.now()
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        connection.left_at, connection.started_by = now, by.user or connection.started_by
        connection.look_at, connection.looks = now + FIRST_LOOK_AT_LINK, 0
        connection.save(update_fields=["left_at", "started_by", "look_at", "looks"])
        timeline.write(
            "left",
            company=connection.company_id,
            connection=connection,
            by=by,
            at=now,
            facts={"platform": connection.platform_key},
        )
        standing.note_step(connection.company, "at_link_at")
        standing.refresh([connection.company_id])
    return told.link_url


def reconnect(connection: Connection, *, by: Actor, anyway: bool = False, errand: Errand = Errand.CLICK) -> LinkUrl:
    """A fresh link URL of the same connection, for Deauthorized, Unlinked and PendingAuth ones.

    `anyway`: for a Linked one too, of which we think that all is well: another user takes it over, or the customer
    knows better. Raises NothingToRelink, AlreadyConnected (it works, or another one does), PlatformPaused for one
    that was never finished, ConnectionGone, TooManyTries or a CodatError.
    """
    _check_tries(connection.company)
    other = queries.linked(connection.company)
    if other and (other.pk != connection.pk or not (anyway or standing.wants_reconnecting(other))):
        raise AlreadyConnected(platform=other.software_name, connection=other)
    if not (connection.can_relink or connection.is_linked):
        raise NothingToRelink
    if connection.status == Status.PENDING_AUTH:
        platforms.check_not_paused(connection.platform_key)
    told = read(connection, by=by, errand=errand)
    if told is None:
        raise ConnectionGone
    connection.refresh_from_db()
    if connection.is_linked and not (anyway or standing.wants_reconnecting(connection)):
        raise AlreadyConnected(platform=connection.software_name, connection=connection)
    return _leave(connection, told, by=by)


@dataclass(frozen=True, slots=True)
class Checked:
    """What asking Codat brought: `status` now, and when it was asked."""

    status: str
    at: datetime


def check(company: Company, *, by: Actor, errand: Errand = Errand.CLICK) -> Checked:
    """Ask Codat how the company's connection stands; at most every 30 s for each company.

    Raises TooSoon or a CodatError; the last known state stays.
    """
    now = timezone.now()
    connection = queries.current(company)
    recent = now - timedelta(seconds=CHECK_EVERY_SECONDS)
    if not Company.objects.filter(pk=company.pk).exclude(checked_at__gt=recent).update(checked_at=now):
        raise TooSoon(seconds=CHECK_EVERY_SECONDS)
    if connection is not None and connection.codat_id:
        read(connection, by=by, errand=errand)
        connection.refresh_from_db()
    elif company.codat_id and not company.gone_at:
        _check_company(company, now, by=by, errand=errand)
        connection = queries.current(Company.objects.get(pk=company.pk))
    timeline.write(
        "check", company=company, connection=connection, by=by, after=connection.status if connection else ""
    )
    return Checked(connection.status if connection else "", now)


def _check_company(company: Company, at: datetime, *, by: Actor, errand: Errand) -> None:
    assert company.codat_id
    try:
        told = codat_for(errand).get_company(company.codat_id)
    except codat.Refused as error:
        if not error.is_gone:
            raise
        companies.note_gone(company, at=at, by=by)
        return
    for connection in told.connections:
        adopt(company, connection, at=at, source=by.source)


def unlink(connection: Connection, *, by: Actor, errand: Errand = Errand.CLICK) -> Verdict:
    """Give up our access at Codat, then record it.

    Raises NotLinked, ConnectionGone, or a CodatError with nothing recorded. Only a Linked connection can be
    unlinked (Codat docs: core-concepts/connections). After a lost answer Codat is asked once how it ended.
    A second click waits for the first, and so does this for a partner connection that is being made.
    """
    with companies.held_if_free(connection.company):
        connection.refresh_from_db(fields=["status"])
        return _unlink(connection, by=by, errand=errand)


def _unlink(connection: Connection, *, by: Actor, errand: Errand) -> Verdict:
    company = connection.company
    if connection.status != Status.LINKED or company.codat_id is None or connection.codat_id is None:
        raise NotLinked(platform=connection.software_name)
    try:
        told = codat_for(errand).unlink_connection(company.codat_id, connection.codat_id, key=uuid4())
    except (codat.Unreachable, codat.Garbled, codat.Refused) as error:
        return _unlink_failed(connection, error, by=by, errand=errand)
    news = Observation(told.status, timezone.now(), by.source, is_read=True)  # a write holds from its answer on
    return record({connection.pk: news}, by=by)[connection.pk]


def _unlink_failed(connection: Connection, error: codat.CodatError, *, by: Actor, errand: Errand) -> Verdict:
    if isinstance(error, codat.Refused) and error.code not in (400, 404, 409):
        raise error
    try:
        told = read(connection, by=by, errand=errand)
    except codat.CodatError:
        door.look_later([connection.pk], timezone.now())
        raise error from None
    if told is None:
        raise ConnectionGone
    if told.status == Status.UNLINKED:
        return Verdict.MOVED
    if told.status != Status.LINKED:
        raise NotLinked(platform=connection.software_name)
    raise error


def let_go(connection: Connection, *, by: Actor) -> None:
    """The customer does not want to reconnect: nothing to unlink at Codat, and no more mails about it.

    Raises NotNow for a connection that works or is unfinished.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        if connection.status not in (Status.DEAUTHORIZED, Status.UNLINKED):
            raise NotNow(sentence=_("Only access that has ended can be left disconnected."))
        if connection.let_go_at is None:
            connection.let_go_at = timezone.now()
            connection.save(update_fields=["let_go_at"])
            timeline.write("let_go", company=connection.company_id, connection=connection, by=by)
            standing.refresh([connection.company_id])


def keep_organisation(connection: Connection, *, by: Actor) -> None:
    """The customer says that the connected organisation is the right one, whatever we expected."""
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        connection.organisation_kept_at = timezone.now()
        connection.save(update_fields=["organisation_kept_at"])
        timeline.write(
            "organisation.kept",
            company=connection.company_id,
            connection=connection,
            by=by,
            after=connection.organisation,
        )
        standing.refresh([connection.company_id])


def drop(connection: Connection, *, by: Actor, errand: Errand = Errand.CLICK) -> None:
    """Delete an unfinished connection at Codat, then record it. Raises NotUnfinished, StillWorking, a CodatError."""
    with companies.held(connection.company):
        connection.refresh_from_db()
        _drop_held(connection, by=by, errand=errand)


def _drop_held(connection: Connection, *, by: Actor, errand: Errand) -> None:
    """Somebody who was at Link may have finished meanwhile: look first, for deleting cannot be undone."""
    if connection.codat_id is None and connection.create_asked_at:
        found = creating.find_lost(connection, errand)
        if found:
            creating.keep(connection, found, by=by)
    if connection.codat_id and connection.left_at and read(connection, by=by, errand=errand) is not None:
        connection.refresh_from_db()
    if not connection.is_pending and connection.status != Status.DELETED:
        raise NotUnfinished(platform=connection.software_name)
    _delete(connection, by=by, errand=errand)


def delete(connection: Connection, *, by: Actor, errand: Errand = Errand.CLICK) -> None:
    """Delete a connection at Codat for good, whatever its status, then record it. Raises a CodatError."""
    _delete(connection, by=by, errand=errand)


def _delete(connection: Connection, *, by: Actor, errand: Errand) -> None:
    company = connection.company
    if company.codat_id and connection.codat_id and connection.status != Status.DELETED:
        try:
            codat_for(errand).delete_connection(company.codat_id, connection.codat_id)
        except codat.Refused as error:
            if not error.is_gone:
                raise
    record({connection.pk: Observation(Status.DELETED, timezone.now(), by.source, is_read=True)}, by=by)


def start_afresh(company: Company, *, by: Actor, errand: Errand = Errand.CLICK) -> None:
    """Clear what is unfinished, failed or deleted, so that the next Connect begins anew.

    Raises NotNow if software is Linked or expired, or a CodatError with nothing half done on our side.
    """
    current = queries.current(company)
    if current and current.status in (Status.LINKED, Status.DEAUTHORIZED):
        raise NotNow(sentence=_("This company has a connection that works or can be reconnected."))
    for connection in queries.accounting_of(company):
        if connection.is_pending:
            drop(connection, by=by, errand=errand)
    with transaction.atomic():
        timeline.write("afresh", company=company, by=by)
        standing.refresh([company.pk])
