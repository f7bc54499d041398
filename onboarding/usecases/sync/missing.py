"""Companies that a whole listing did not show. Rows move while one pages, so one question each decides."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from ... import codat
from ...models import Company, Connection, Event
from ...wiring import Errand
from ...wiring import codat as codat_for
from .. import companies
from .comparing import BY, GONE, Change, Found, Listed, compare, take_in

MANY = 50  # and more than half of all: then it is not the companies, but the key or the listing that changed


def unseen(since: datetime) -> "QuerySet[Company]":
    """Our companies that Codat should have and that nothing has shown since then. New ones had no chance to be."""
    new = Event.objects.filter(kind="codat.company", at__gte=since, company__isnull=False).values("company")
    unmarked = Q(checked_at=None) | Q(checked_at__lt=since)
    # One, looked up for each company: as a join it is every company times every connection while the statistics
    # are from before the sweep.
    seen = Connection.objects.filter(company=OuterRef("pk"), codat_id__isnull=False, seen_at__gte=since)
    ours = Company.objects.alias(shown=Subquery(seen.values("pk")[:1])).filter(unmarked, shown=None)
    return ours.filter(codat_id__isnull=False, gone_at=None, erased_at=None).exclude(pk__in=new)


def is_suspicious(since: datetime) -> bool:
    """More is missing than customers leave: nothing is marked then, and staff are told."""
    missing = unseen(since).count()
    live = Company.objects.filter(codat_id__isnull=False, gone_at=None, erased_at=None).count()
    return missing > MANY and missing * 2 > live


def look(since: datetime) -> Iterator[Found]:
    """Ask for each company that is missing, and store what Codat says. Raises a CodatError; what was asked stays."""
    for pk in list(unseen(since).order_by("pk").values_list("pk", flat=True)):
        yield look_at(Company.objects.get(pk=pk))


def look_at(company: Company, errand: Errand = Errand.BACKGROUND, *, is_dry_run: bool = False) -> Found:
    """One company with its connections, asked for now. Gone at Codat is marked, and nothing recreates it here."""
    assert company.codat_id
    asked_at = timezone.now()
    try:
        told = codat_for(errand).get_company(company.codat_id)
    except codat.Refused as error:
        if not error.is_gone:
            raise
        if not is_dry_run:
            companies.note_gone(company, at=asked_at, by=BY)
        return Found(changes=[Change(company.ref, "", GONE)])
    differences = compare([Listed(told, asked_at)])
    return differences.foreseen() if is_dry_run else take_in(differences)
