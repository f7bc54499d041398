"""Deleting a company at Codat takes two people: one asks, another one confirms, and only then it is carried out.

    request = deletion.ask(company, by=lead)          # a row; nothing at Codat
    deletion.confirm(request, by=another)             # raises for the one who asked
    deletion.carry_out(request, by=another)           # Codat first, then our own mark
    deletion.withdraw(request, by=anybody)            # until it is carried out

A batch of requests (off-boarding) is confirmed in one go by `confirm_batch` and carried out by its own rows.
"""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..errors import CompanyErased, NotNow
from ..models import Batch, Company, DeletionRequest
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import companies, timeline


def open_ones() -> QuerySet[DeletionRequest]:
    """Requests that nobody carried out or withdrew."""
    return DeletionRequest.objects.filter(done_at=None, withdrawn_at=None)


def open_of(company: Company) -> DeletionRequest | None:
    return open_ones().filter(company=company).select_related("asked_by", "confirmed_by").first()


def ask(company: Company, *, by: Actor, batch: Batch | None = None) -> DeletionRequest:
    """Store that a company is to be deleted at Codat, and why (the actor's reason). Nothing happens at Codat yet.

    A request that is open already is returned as it is. Raises NotNow for a company that Codat does not have,
    CompanyErased.
    """
    if company.erased_at:
        raise CompanyErased
    if company.codat_id is None or company.gone_at:
        raise NotNow(sentence="Codat does not have this company: there is nothing to delete.")
    try:
        with transaction.atomic():
            request = DeletionRequest.objects.create(company=company, asked_by=by.user, reason=by.reason, batch=batch)
            timeline.write("deletion.asked", company=company, by=by)
    except IntegrityError:
        return open_ones().get(company=company)
    return request


def confirm(request: DeletionRequest, *, by: Actor) -> DeletionRequest:
    """The second person's yes. Raises NotNow for the one who asked, for nobody, and for a request that is over."""
    with transaction.atomic():
        request = DeletionRequest.objects.select_for_update(of=("self",)).select_related("company").get(pk=request.pk)
        _check_open(request)
        if by.user is None or by.user.pk == request.asked_by_id:
            raise NotNow(sentence="Somebody else has to confirm: deleting takes two people.")
        if request.confirmed_at is None:
            _note_confirmed(request, by)
    return request


def _check_open(request: DeletionRequest) -> None:
    if request.done_at or request.withdrawn_at:
        raise NotNow(sentence="This request is over: it was carried out or withdrawn.")


def _note_confirmed(request: DeletionRequest, by: Actor) -> None:
    request.confirmed_by, request.confirmed_at, request.error = by.user, timezone.now(), ""
    request.save(update_fields=["confirmed_by", "confirmed_at", "error"])
    timeline.write("deletion.confirmed", company=request.company, by=by)


def confirm_batch(batch: Batch, *, by: Actor) -> int:
    """Say yes to every open request of a batch, 500 at a time; returns how many.

    Raises NotNow if this person asked for any of them.
    """
    waiting = open_ones().filter(batch=batch, confirmed_at=None)
    if by.user is None or waiting.filter(asked_by=by.user).exists():
        raise NotNow(sentence="Somebody else has to confirm: deleting takes two people.")
    confirmed = 0
    while True:
        with transaction.atomic():
            rows = list(waiting.select_for_update(of=("self",)).select_related("company").order_by("pk")[:500])
            for request in rows:
                _note_confirmed(request, by)
        if not rows:
            return confirmed
        confirmed += len(rows)


def withdraw(request: DeletionRequest, *, by: Actor) -> None:
    """Take a request back, confirmed or not, as long as it was not carried out. Raises NotNow."""
    with transaction.atomic():
        request = DeletionRequest.objects.select_for_update(of=("self",)).select_related("company").get(pk=request.pk)
        _check_open(request)
        request.withdrawn_by, request.withdrawn_at = by.user, timezone.now()
        request.save(update_fields=["withdrawn_by", "withdrawn_at"])
        timeline.write("deletion.withdrawn", company=request.company, by=by)


def carry_out(request: DeletionRequest, *, by: Actor, errand: Errand = Errand.CLICK) -> None:
    """Delete at Codat, then mark the company as gone. Safe to repeat: what Codat no longer has counts as deleted.

    Raises NotNow unless two people agreed, StillWorking, or a CodatError: then nothing was deleted here, and the
    request stays open with the reason.
    """
    request = DeletionRequest.objects.select_related("company").get(pk=request.pk)
    if request.done_at:
        return
    if request.confirmed_at is None or request.withdrawn_at:
        raise NotNow(sentence="A second person has to confirm first.")
    with companies.held(request.company) as company:
        _delete_at_codat(request, company, errand)
        companies.note_gone(company, at=timezone.now(), by=by)
    with transaction.atomic():
        done = DeletionRequest.objects.filter(pk=request.pk, done_at=None).update(done_at=timezone.now(), error="")
        if done:
            timeline.write("deletion.done", company=request.company, by=by, before=request.company.codat_id or "")


def _delete_at_codat(request: DeletionRequest, company: Company, errand: Errand) -> None:
    if company.codat_id is None or company.gone_at:
        return
    try:
        codat_for(errand).delete_company(company.codat_id)
    except codat.CodatError as error:
        if isinstance(error, codat.Refused) and error.is_gone:
            return
        DeletionRequest.objects.filter(pk=request.pk).update(error=str(error)[:500])
        raise
