"""Companies that a whole listing did not show. Rows move while one pages, so one question each decides."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from ... import codat
from ...models import Company, Connection, Event
from ...wiring import Errand
from ...wiring import codat as codat_for
from .. import companies
from .comparing import BY, GONE, Change, Found, Listed, compare, take_in

MANY = 50  # and more than half of all: then it is not the companies, but the key or the listing that changed


def unseen(since: datetime) -> list[int]:
    """Our companies that Codat should have and that nothing has shown since then. New ones had no chance to be."""
    new = Event.objects.filter(kind="codat.company", at__gte=since, company__isnull=False).values("company")
    unmarked = Q(checked_at=None) | Q(checked_at__lt=since)
    ours = Company.objects.filter(unmarked, codat_id__isnull=False, gone_at=None, erased_at=None).exclude(pk__in=new)
    shown = Connection.objects.filter(codat_id__isnull=False, seen_at__gte=since)
    # Two lists, one less the other: as a join it is every company times every connection while the statistics are
    # from before the sweep, and looked up for each company it is dear enough for PostgreSQL to compile it first.
    return sorted(pk for (pk,) in ours.values_list("pk").difference(shown.values_list("company")))


def are_suspicious(missing: Sequence[int]) -> bool:
    """More is missing than customers leave: nothing is marked then, and staff are told."""
    if len(missing) <= MANY:
        return False
    live = Company.objects.filter(codat_id__isnull=False, gone_at=None, erased_at=None).count()
    return len(missing) * 2 > live


def look(missing: Sequence[int]) -> Iterator[Found]:
    """Ask for each company that is missing, and store what Codat says. Raises a CodatError; what was asked stays."""
    for pk in missing:
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
