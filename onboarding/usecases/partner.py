"""The partner expense connection: for Expenses, once, after accounting is Linked. Staff see it, customers never do."""

from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import codat, queries
from ..actors import Actor
from ..errors import NotNow, StillWorking
from ..lifecycle import Observation, Status
from ..models import Company, Connection, Kind
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import companies, door, observing, timeline
from .retries import is_spent


def retry(company: Company, *, by: Actor, errand: Errand = Errand.CLICK) -> Connection | None:
    """Staff ask for it anew. Raises NotNow unless accounting is Linked and the partner is missing."""
    linked = queries.linked(company)
    partner = queries.partner_of(company)
    if linked is None or (partner is not None and partner.status != Status.STARTING):
        raise NotNow(sentence=_("The partner connection is made once, after the accounting software is connected."))
    return create(linked, by=by, errand=errand)


def create(accounting: Connection, *, by: Actor, errand: Errand = Errand.FOLLOW) -> Connection | None:
    """Make it at Codat, exactly once; None if accounting turned out not to be Linked after all.

    An event is only news: before something is made because of it, the accounting connection is read once.
    Raises StillWorking or a CodatError; the intent stays stored, and the next try looks before it repeats.
    """
    with companies.held(accounting.company) as company:
        accounting.refresh_from_db()
        if not accounting.seen_by_read:
            observing.read(accounting, by=by, errand=errand)
            accounting.refresh_from_db()
        if not accounting.is_linked:
            return None
        partner = want(company)
        if partner.status != Status.STARTING:
            return partner
        return _create_held(company, partner, by=by, errand=errand)


def want(company: Company, *, since: datetime | None = None) -> Connection:
    """The row that says a partner connection is wanted, due now unless it is made or due already.

    since  when accounting was authorised: a try that was refused before that waits no longer
    """
    partner = queries.partner_of(company)
    if partner is None:
        try:
            with transaction.atomic():
                return Connection.objects.create(company=company, kind=Kind.PARTNER_EXPENSE, look_at=timezone.now())
        except IntegrityError:
            raise StillWorking from None
    is_outdated = bool(since and partner.create_asked_at and partner.create_asked_at < since)
    if partner.status == Status.STARTING and (partner.look_at is None or is_outdated):
        waits = Connection.objects.filter(pk=partner.pk, look_at=partner.look_at)
        waits.update(look_at=timezone.now(), looks=0)
    return partner


def _create_held(company: Company, partner: Connection, *, by: Actor, errand: Errand) -> Connection:
    assert company.codat_id
    was_asked = partner.create_asked_at is not None
    if was_asked and (found := _find(company, errand)):
        return _keep(partner, found, by=by)
    partner.create_key, partner.create_asked_at = partner.create_key or uuid4(), timezone.now()
    partner.save(update_fields=["create_key", "create_asked_at"])
    try:
        told = codat_for(errand).create_partner_expense_connection(company.codat_id, key=partner.create_key)
    except codat.CodatError as error:
        _note_failed(partner, error, by, was_asked=was_asked)
        raise
    return _keep(partner, told, by=by)


def _note_failed(partner: Connection, error: codat.CodatError, by: Actor, *, was_asked: bool) -> None:
    if is_spent(error, was_asked=was_asked):
        partner.create_key = None
    if isinstance(error, codat.Busy) and not was_asked:
        partner.create_asked_at = None
    with transaction.atomic():
        partner.save(update_fields=["create_key", "create_asked_at"])
        timeline.write(
            "partner.failed",
            company=partner.company_id,
            connection=partner,
            by=by,
            after=str(error),
            problem=True,
            correlation_id=error.correlation_id,
        )


def _find(company: Company, errand: Errand) -> codat.Connection | None:
    """The one that a lost answer made: a second call would make another."""
    assert company.codat_id
    page = codat_for(errand).list_connections(company.codat_id)
    return next((told for told in page.results if told.source_type == "Expense"), None)


def _keep(partner: Connection, told: codat.Connection, *, by: Actor) -> Connection:
    with transaction.atomic():
        partner.codat_id, partner.platform_key = told.id, told.platform_key[:10]
        partner.platform_name = told.platform_name[:120]
        partner.create_key = partner.create_asked_at = None
        partner.save(update_fields=["codat_id", "platform_key", "platform_name", "create_key", "create_asked_at"])
        timeline.write("partner", company=partner.company_id, connection=partner, by=by, after=told.id)
    door.record({partner.pk: Observation(told.status, timezone.now(), by.source, is_read=True)}, by=by)
    partner.refresh_from_db()
    return partner
