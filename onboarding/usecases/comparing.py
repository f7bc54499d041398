"""What Codat lists, held against what we know: a page of companies at a time, a constant number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..lifecycle import Observation, Source, Status, Verdict, decide
from ..models import Company, Kind
from ..platforms import TABLES
from . import companies, door, observing
from .quiet import CONCERN_US
from .saving import save_each

BY = Actor(Source.SWEEP)
ADOPTED, GONE = "adopted", "gone"


class KnownCompany(NamedTuple):
    pk: int
    ref: str
    product: str
    codat_name: str
    codat_products: list[str]
    gone_at: datetime | None


class KnownConnection(NamedTuple):
    pk: int
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

    same   connections that are as we know them: primary keys by status
    told   what is news of connections that we know, by primary key
    moved  those of the news that change a status
    """

    at: datetime
    same: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told: dict[int, Observation] = field(default_factory=dict)
    moved: dict[int, Change] = field(default_factory=dict)
    missed: int = 0
    unknown: list[tuple[KnownCompany, codat.Connection]] = field(default_factory=list)
    lost: dict[UUID, codat.Company] = field(default_factory=dict)  # by our tag; of no company that we know
    back: dict[int, codat.Company] = field(default_factory=dict)  # marked as gone, and listed again
    renamed: list[Company] = field(default_factory=list)
    without_product: list[str] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    bare: list[int] = field(default_factory=list)  # of them, those without a connection that shows it

    @property
    def has_strangers(self) -> bool:
        return bool(self.unknown or self.back or self.lost)

    def foreseen(self) -> Found:
        """What taking it in would change."""
        changes = [*self.moved.values(), *(Change(company.ref, "", ADOPTED) for company, _ in self.unknown)]
        return Found(len(self.seen), changes, self.missed, self.without_product)


def compare(listed: Sequence[codat.Company], at: datetime) -> Page:
    """Hold a listing, asked for at `at`, against the database: one query, and nothing is written."""
    page, known = Page(at), _known(listed)
    for told in listed:
        if told.id not in known:
            if uid := _uid(told):
                page.lost[uid] = told
            continue
        company, rows = known[told.id]
        if company.gone_at is None:
            _compare_company(page, company, told)
            _compare_connections(page, company, told, rows)
        elif company.gone_at < at:
            page.back[company.pk] = told
    return page


def _known(listed: Sequence[codat.Company]) -> dict[UUID, tuple[KnownCompany, dict[UUID, KnownConnection]]]:
    """Our companies of the list with their connections at Codat, by Codat's ids."""
    known: dict[UUID, tuple[KnownCompany, dict[UUID, KnownConnection]]] = {}
    ours = Company.objects.filter(codat_id__in=[told.id for told in listed], erased_at=None)
    of_company, of_connection = KnownCompany._fields, [f"connections__{name}" for name in KnownConnection._fields]
    for codat_id, *facts, connection_id in ours.values_list(
        "codat_id", *of_company, *of_connection, "connections__codat_id"
    ):
        if codat_id not in known:
            known[codat_id] = (KnownCompany(*facts[: len(of_company)]), {})
        if connection_id is not None:
            known[codat_id][1][connection_id] = KnownConnection(*facts[len(of_company) :])
    return known


def _compare_company(page: Page, company: KnownCompany, told: codat.Company) -> None:
    page.seen.append(company.pk)
    if company.codat_name != told.name[:255] or company.codat_products != list(told.products):
        page.renamed.append(Company(pk=company.pk, codat_name=told.name[:255], codat_products=list(told.products)))
    if not TABLES[company.product].codat_products.intersection(told.products):
        page.without_product.append(company.ref)


def _compare_connections(
    page: Page, company: KnownCompany, told: codat.Company, rows: dict[UUID, KnownConnection]
) -> None:
    shows = False
    for connection in told.connections:
        known = rows.pop(connection.id, None)
        if known:
            shows |= _observe(page, company, known, connection.status)
        elif connection.source_type in CONCERN_US:
            page.unknown.append((company, connection))
    if told.has_every_connection:  # a list with a hole in it says nothing of what is not there
        for known in rows.values():
            if known.seen_at is None or known.seen_at < page.at:
                shows |= _observe(page, company, known, Status.DELETED)
    if not shows:
        page.bare.append(company.pk)


def _observe(page: Page, company: KnownCompany, known: KnownConnection, status: str) -> bool:
    """Whether its row will show that the company was listed at that time, or later."""
    news = Observation(status, page.at, Source.SWEEP, is_read=True)
    verdict = decide(known.status, known.seen_at, news)
    if verdict is Verdict.SAME:
        page.same[known.status].append(known.pk)
    elif verdict is not Verdict.STALE:
        page.told[known.pk] = news
    if verdict is Verdict.MOVED:
        page.moved[known.pk] = Change(company.ref, known.status, str(status))
        page.missed += known.kind == Kind.ACCOUNTING  # partner events are not promised
    return verdict is not Verdict.UNKNOWN and known.status != Status.DELETED


def mark_seen(page: Page) -> None:
    """Store that what did not change was so when the page was asked for: one statement for each status.

    A company shows by its connections that it was listed; one without any gets a mark of its own.
    """
    door.confirm(page.same, page.at)
    if page.bare:
        older = Q(checked_at=None) | Q(checked_at__lt=page.at)
        Company.objects.filter(older, pk__in=page.bare).update(checked_at=page.at)


def take_in(pages: Sequence[Page]) -> Found:
    """Store what is news on these pages, through the one door. Safe to repeat, and against newer news."""
    told = {pk: news for page in pages for pk, news in page.told.items()}
    moved = {pk: change for page in pages for pk, change in page.moved.items()}
    verdicts = door.record(told) if told else {}
    found = Found(
        changes=[change for pk, change in moved.items() if verdicts.get(pk) is Verdict.MOVED],
        missed=sum(page.missed for page in pages),
        without_product=[ref for page in pages for ref in page.without_product],
    )
    renamed = [company for page in pages for company in page.renamed]
    if renamed:
        save_each(renamed, ["codat_name", "codat_products"])
    for page in pages:
        _adopt(page, found)
    return found


def _adopt(page: Page, found: Found) -> None:
    for company, told in page.unknown:
        if observing.adopt(Company.objects.get(pk=company.pk), told, at=page.at, source=Source.SWEEP):
            found.changes.append(Change(company.ref, "", ADOPTED))
    if page.back or page.lost:
        _take_back(page, found)


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
