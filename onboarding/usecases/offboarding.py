"""Off-boarding, one company at a time: unlink, have a second person confirm, delete at Codat, erase what we keep.

Each step is stored before the next, so that a run can stop anywhere. Rows that wait for the second person wait as
rows; `wake` brings them back as soon as somebody has confirmed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from .. import queries
from ..actors import Actor
from ..errors import ConnectionGone, NotLinked
from ..models import Batch, BatchRow, Company, DeletionRequest, RowStatus
from ..wiring import Errand
from . import connections, deletion, erasing, timeline
from .bulk.checking import AT_A_TIME, in_chunks
from .bulk.outcomes import Outcome, again, done, skipped

WAIT_SECONDS = 300.0  # between two looks at a row that waits for a person
STEPS = ("unlinked", "asked", "erased")


def offboard(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """The next steps for one company, as far as they go now."""
    if company.erased_at:
        return skipped("Was erased before.")
    unlinked = _unlink_all(company, by)
    request = _request(company, batch, by)
    facts = {"step": "asked", "unlinked_at": row.data.get("unlinked_at") or timezone.now().isoformat()}
    if request.withdrawn_at:
        return skipped("Unlinked; the deletion was withdrawn.", facts=facts | {"step": "unlinked"})
    rest = _rest_until(batch, row, facts)
    if request.confirmed_at is None or rest > 0:
        said = "a second person" if request.confirmed_at is None else "the days that were asked for"
        return again(
            max(WAIT_SECONDS, min(rest, 3600.0)), f"Unlinked. Waits for {said}.", is_counted=False, facts=facts
        )
    if request.done_at is None:
        deletion.carry_out(request, by=by, errand=Errand.BACKGROUND)
    erasure = erasing.erase(company, by=by)
    facts |= {"step": "erased", "erased": erasure.counts, "kept": erasure.kept, "was_linked": unlinked}
    kept = f" Not erased: {'; '.join(erasure.kept)}." if erasure.kept else ""
    return done(f"Unlinked, deleted at Codat, {erasure.total} records erased.{kept}", facts=facts)


def _unlink_all(company: Company, by: Actor) -> int:
    count = 0
    for connection in queries.accounting_of(company):
        if connection.is_linked:
            try:
                connections.unlink(connection, by=by, errand=Errand.BACKGROUND)
                count += 1
            except (NotLinked, ConnectionGone):
                continue
    return count


def _request(company: Company, batch: Batch, by: Actor) -> DeletionRequest:
    """The batch's request for this company, or whichever is open. One for a company that Codat never had is one too."""
    mine = DeletionRequest.objects.filter(company=company, batch=batch).order_by("-pk").first()
    if mine is not None:
        return mine
    try:
        with transaction.atomic():
            request = DeletionRequest.objects.create(company=company, asked_by=by.user, reason=by.reason, batch=batch)
            timeline.write("deletion.asked", company=company, by=by)
    except IntegrityError:
        return deletion.open_ones().get(company=company)
    return request


def _rest_until(batch: Batch, row: BatchRow, facts: dict[str, str]) -> float:
    """Seconds that a company stays unlinked before it is deleted, if the batch asks for days."""
    days = batch.options.get("wait_days") or 0
    due = datetime.fromisoformat(facts["unlinked_at"]) + timedelta(days=days)
    return max(0.0, (due - timezone.now()).total_seconds())


def wake(batch: Batch) -> int:
    """Have the rows looked at whose deletion somebody has confirmed or withdrawn; returns how many."""
    now = timezone.now()
    answered = DeletionRequest.objects.filter(batch=batch, done_at=None).exclude(confirmed_at=None, withdrawn_at=None)
    asleep = batch.rows.filter(status=RowStatus.WAITING, not_before__gt=now + timedelta(seconds=60))
    if batch.options.get("wait_days"):
        return 0  # they come by themselves
    return asleep.filter(company__in=answered.values("company")).update(not_before=now)


def counts(batch: Batch) -> dict[str, int]:
    """How many companies are how far: unlinked only, waiting for the second person, erased."""
    steps = batch.rows.annotate(step=KT("data__step")).values_list("step").annotate(Count("pk")).order_by()
    found = {step: count for step, count in steps if step}
    return {step: found.get(step, 0) for step in STEPS}


def waiting_for_somebody(batch: Batch) -> QuerySet[DeletionRequest]:
    return deletion.open_ones().filter(batch=batch, confirmed_at=None)


def only_waits(batch: Batch) -> bool:
    """Whether nothing is left but rows that wait for a person or for their days."""
    waiting = batch.rows.filter(status=RowStatus.WAITING)
    soon = timezone.now() + timedelta(seconds=60)
    return waiting.exists() and not waiting.filter(not_before__lt=soon).exists()


def certificate(batch: Batch) -> Iterator[str]:
    """Lines that say what was done to which company until now, when, by whom. No personal data of the customers."""
    by = batch.by.email if batch.by else "a command"
    yield f"Off-boarding {batch.uid}"
    yield f"Asked for by {by} on {_day(batch.created_at)}: {batch.reason}"
    yield f"Written on {_day(timezone.now())}"
    told = counts(batch)
    total = batch.rows.filter(company__isnull=False).count()  # a line that names nobody is no company
    yield f"{total:,} companies: {told['erased']:,} erased, {told['asked']:,} unlinked and waiting for a second person."
    yield ""
    yield "reference  Codat company                         deleted at Codat      erased                confirmed by"
    rows = batch.rows.filter(company__isnull=False).select_related("company").order_by("line")
    for page in in_chunks(rows.iterator(AT_A_TIME), AT_A_TIME):
        yield from _certified(page)
    yield ""
    yield "Kept of each: its reference, Codat's ids, and what was done when and by whom, without names or addresses."


def _certified(rows: Sequence[BatchRow]) -> Iterator[str]:
    """What was done to these companies. One query."""
    asked = DeletionRequest.objects.filter(company__in=[row.company_id for row in rows]).select_related("confirmed_by")
    newest = {request.company_id: request for request in asked.order_by("pk")}
    for row in rows:
        company = row.company
        assert company is not None
        request = newest.get(company.pk)
        second = request.confirmed_by.email if request and request.confirmed_by else "-"
        deleted = _day(request.done_at if request else None)
        codat_id = str(company.codat_id or "never at Codat")
        yield f"{company.ref:<9}  {codat_id:<36}  {deleted:<20}  {_day(company.erased_at):<20}  {second}"
        for kept in row.data.get("kept", []):
            yield f"           not erased: {kept}"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M UTC}" if at else "-"
