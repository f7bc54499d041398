"""What Codat lists, held against what we know: a page of companies at a time, a constant number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..lifecycle import Observation, Source, Status, Verdict, decide
from ..models import Company, Connection, Kind
from ..platforms import TABLES
from . import companies, door, observing

BY = Actor(Source.SWEEP)
ADOPTED, GONE = "adopted", "gone"
CONCERN_US = ("Accounting", "Expense", "")  # source types; companies may have banks and shops at Codat, too


class KnownCompany(NamedTuple):
    pk: int
    ref: str
    product: str
    codat_name: str
    codat_products: list[str]
    gone_at: datetime | None


class KnownConnection(NamedTuple):
    pk: int
    company_id: int
    status: str
    seen_at: datetime | None
    kind: str


class Change(NamedTuple):
    """`after` is a status, or "adopted" or "gone"."""

    company: str  # its reference
    before: str
    after: str


@dataclass
class Found:
    """What a listing changes, or a sweep's page did. `missed`: changes that an event should have brought."""

    listed: int = 0
    changes: list[Change] = field(default_factory=list)
    missed: int = 0
    without_product: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return len(self.changes)

    def count(self, after: str) -> int:
        return sum(change.after == after for change in self.changes)


@dataclass
class Page:
    """What a listing of some companies shows, before any of it is stored.

    told   observations of connections that we know, by primary key, unchanged ones too
    moved  those of them that are news
    """

    at: datetime
    told: dict[int, Observation] = field(default_factory=dict)
    moved: dict[int, Change] = field(default_factory=dict)
    missed: int = 0
    unknown: list[tuple[KnownCompany, codat.Connection]] = field(default_factory=list)
    lost: dict[UUID, codat.Company] = field(default_factory=dict)  # by our tag; of no company that we know
    back: dict[int, codat.Company] = field(default_factory=dict)  # marked as gone, and listed again
    renamed: list[Company] = field(default_factory=list)
    without_product: list[str] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    def foreseen(self) -> Found:
        """What taking it in would change."""
        changes = [*self.moved.values(), *(Change(company.ref, "", ADOPTED) for company, _ in self.unknown)]
        return Found(len(self.seen), changes, self.missed, self.without_product)


def compare(listed: Sequence[codat.Company], at: datetime) -> Page:
    """Hold a listing, asked for at `at`, against the database: two queries, and nothing is written."""
    page = Page(at)
    known = _known_companies(listed)
    rows = _known_connections(company.pk for company in known.values())
    for told in listed:
        company = known.get(told.id)
        if company is None:
            if uid := _uid(told):
                page.lost[uid] = told
        elif company.gone_at is None:
            _compare_company(page, company, told)
            _compare_connections(page, company, told, rows.get(company.pk, {}))
        elif company.gone_at < at:
            page.back[company.pk] = told
    return page


def _known_companies(listed: Sequence[codat.Company]) -> dict[UUID, KnownCompany]:
    ours = Company.objects.filter(codat_id__in=[told.id for told in listed], erased_at=None)
    rows = ours.values_list("codat_id", *KnownCompany._fields)
    return {codat_id: KnownCompany(*facts) for codat_id, *facts in rows if codat_id}


def _known_connections(company_pks: Iterable[int]) -> dict[int, dict[UUID, KnownConnection]]:
    theirs = Connection.objects.filter(company_id__in=list(company_pks), codat_id__isnull=False)
    rows: dict[int, dict[UUID, KnownConnection]] = {}
    for codat_id, *facts in theirs.values_list("codat_id", *KnownConnection._fields):
        known = KnownConnection(*facts)
        if codat_id:
            rows.setdefault(known.company_id, {})[codat_id] = known
    return rows


def _compare_company(page: Page, company: KnownCompany, told: codat.Company) -> None:
    page.seen.append(company.pk)
    if company.codat_name != told.name[:255] or company.codat_products != list(told.products):
        page.renamed.append(Company(pk=company.pk, codat_name=told.name[:255], codat_products=list(told.products)))
    if not TABLES[company.product].codat_products.intersection(told.products):
        page.without_product.append(company.ref)


def _compare_connections(
    page: Page, company: KnownCompany, told: codat.Company, rows: dict[UUID, KnownConnection]
) -> None:
    for connection in told.connections:
        known = rows.pop(connection.id, None)
        if known:
            _observe(page, company, known, connection.status)
        elif connection.source_type in CONCERN_US:
            page.unknown.append((company, connection))
    if not told.has_every_connection:
        return  # a list with a hole in it says nothing of what is not there
    for known in rows.values():
        if known.status != Status.DELETED and (known.seen_at is None or known.seen_at < page.at):
            _observe(page, company, known, Status.DELETED)


def _observe(page: Page, company: KnownCompany, known: KnownConnection, status: str) -> None:
    news = Observation(status, page.at, Source.SWEEP, is_read=True)
    page.told[known.pk] = news
    if decide(known.status, known.seen_at, news) is Verdict.MOVED:
        page.moved[known.pk] = Change(company.ref, known.status, str(status))
        page.missed += known.kind == Kind.ACCOUNTING  # partner events are not promised


def take_in(page: Page) -> Found:
    """Store what a comparison showed, through the one door. Safe to repeat, and against newer news."""
    found = Found(len(page.seen), missed=page.missed, without_product=page.without_product)
    verdicts = door.record(page.told) if page.told else {}
    found.changes = [change for pk, change in page.moved.items() if verdicts.get(pk) is Verdict.MOVED]
    older = Q(checked_at=None) | Q(checked_at__lt=page.at)
    Company.objects.filter(older, pk__in=page.seen).update(checked_at=page.at)
    if page.renamed:
        Company.objects.bulk_update(page.renamed, ["codat_name", "codat_products"])
    for company, told in page.unknown:
        if observing.adopt(Company.objects.get(pk=company.pk), told, at=page.at, source=Source.SWEEP):
            found.changes.append(Change(company.ref, "", ADOPTED))
    if page.back or page.lost:
        _take_back(page, found)
    return found


def _take_back(page: Page, found: Found) -> None:
    """Companies that Codat has and our row does not know: a create whose answer was lost, or a mark that was wrong."""
    is_free = Q(codat_id=None) | Q(gone_at__isnull=False)
    ours = Company.objects.filter(Q(pk__in=page.back) | Q(is_free, uid__in=page.lost), erased_at=None)
    for company in ours:
        if company.held_until and company.held_until > timezone.now():
            continue  # somebody is at it: its own answer says the same in a moment
        told = page.back.get(company.pk) or page.lost[company.uid]
        kept = companies.keep(company, told, by=BY)
        found.changes.append(Change(company.ref, "", ADOPTED))
        for connection in told.connections:
            if connection.source_type in CONCERN_US:
                observing.adopt(kept, connection, at=page.at, source=Source.SWEEP)


def _uid(told: codat.Company) -> UUID | None:
    try:
        return UUID(told.tags.get("uid", ""))
    except ValueError:
        return None
