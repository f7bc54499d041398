"""What Codat lists, held against what we know: for hundreds of companies the same few queries as for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from ... import codat
from ...actors import Actor
from ...lifecycle import Observation, Source, Status, Verdict, believed, decide
from ...models import Company, Kind
from ...platforms import TABLES
from .. import companies, door, observing
from ..saving import save_each, update_each
from .unchanged import CONCERN_US

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


class Listed(NamedTuple):
    """A company as Codat listed it, and when that was asked for."""

    told: codat.Company
    at: datetime


@dataclass
class Differences:
    """What a listing of some companies shows, before any of it is stored.

    told   observations of connections that we know, by primary key
    moved  those of them that change a status
    """

    told: dict[int, Observation] = field(default_factory=dict)
    moved: dict[int, Change] = field(default_factory=dict)
    missed: int = 0
    unknown: list[tuple[KnownCompany, codat.Connection, datetime]] = field(default_factory=list)
    lost: dict[UUID, Listed] = field(default_factory=dict)  # by our tag; of no company that we know
    back: dict[int, Listed] = field(default_factory=dict)  # marked as gone, and listed again
    renamed: list[Company] = field(default_factory=list)
    without_product: list[str] = field(default_factory=list)
    bare: dict[int, datetime] = field(default_factory=dict)  # listed, and without a connection that shows it

    def foreseen(self) -> Found:
        """What taking them in would change."""
        changes = [*self.moved.values(), *(Change(company.ref, "", ADOPTED) for company, _, _ in self.unknown)]
        return Found(0, changes, self.missed, self.without_product)


def compare(listed: Sequence[Listed]) -> Differences:
    """Hold companies that Codat listed, on whatever pages, against the database: one query, and nothing is written."""
    found, known = Differences(), _known([each.told for each in listed])
    for each in listed:
        if each.told.id not in known:
            if uid := _uid(each.told):
                found.lost[uid] = each
            continue
        company, rows = known[each.told.id]
        if company.gone_at is None:
            _compare_company(found, company, each.told)
            _compare_connections(found, company, each, dict(rows))
        elif company.gone_at < each.at:
            found.back[company.pk] = each
    return found


def _known(listed: Sequence[codat.Company]) -> dict[UUID, tuple[KnownCompany, dict[UUID, KnownConnection]]]:
    """Our companies of the list with their connections at Codat, by Codat's ids."""
    known: dict[UUID, tuple[KnownCompany, dict[UUID, KnownConnection]]] = {}
    ours = Company.objects.filter(codat_id__in={told.id for told in listed}, erased_at=None)
    of_company, of_connection = KnownCompany._fields, [f"connections__{name}" for name in KnownConnection._fields]
    for codat_id, *facts, connection_id in ours.values_list(
        "codat_id", *of_company, *of_connection, "connections__codat_id"
    ):
        if codat_id not in known:
            known[codat_id] = (KnownCompany(*facts[: len(of_company)]), {})
        if connection_id is not None:
            known[codat_id][1][connection_id] = KnownConnection(*facts[len(of_company) :])
    return known


def _compare_company(found: Differences, company: KnownCompany, told: codat.Company) -> None:
    if company.codat_name != told.name[:255] or company.codat_products != list(told.products):
        found.renamed.append(Company(pk=company.pk, codat_name=told.name[:255], codat_products=list(told.products)))
    if not TABLES[company.product].codat_products.intersection(told.products):
        found.without_product.append(company.ref)


def _compare_connections(
    found: Differences, company: KnownCompany, listed: Listed, rows: dict[UUID, KnownConnection]
) -> None:
    shows = False
    for connection in listed.told.connections:
        known = rows.pop(connection.id, None)
        if known:
            shows |= _observe(found, company, known, connection.status, listed.at)
        elif connection.source_type in CONCERN_US:
            found.unknown.append((company, connection, listed.at))
    if listed.told.has_every_connection:  # a list with a hole in it says nothing of what is not there
        for known in rows.values():
            seen_at = believed(known.seen_at, timezone.now())
            if seen_at is None or seen_at < listed.at:
                shows |= _observe(found, company, known, Status.DELETED, listed.at)
    if not shows:
        found.bare[company.pk] = listed.at


def _observe(found: Differences, company: KnownCompany, known: KnownConnection, status: str, at: datetime) -> bool:
    """Whether its row will show that the company was listed at that time, or later."""
    news = Observation(status, at, Source.SWEEP, is_read=True)
    verdict = decide(known.status, believed(known.seen_at, timezone.now()), news)
    if verdict is not Verdict.STALE:
        found.told[known.pk] = news
    if verdict is Verdict.MOVED:
        found.moved[known.pk] = Change(company.ref, known.status, str(status))
        found.missed += known.kind == Kind.ACCOUNTING  # partner events are not promised
    return verdict is not Verdict.UNKNOWN and known.status != Status.DELETED


def take_in(differences: Differences) -> Found:
    """Store them, through the one door. Safe to repeat, and against newer news."""
    verdicts = door.record(differences.told) if differences.told else {}
    found = differences.foreseen()
    found.changes = [change for pk, change in differences.moved.items() if verdicts.get(pk) is Verdict.MOVED]
    save_each(differences.renamed, ["codat_name", "codat_products"])
    update_each(Company, {pk: (at,) for pk, at in differences.bare.items()}, ["checked_at"])
    for company, told, at in differences.unknown:
        if observing.adopt(Company.objects.get(pk=company.pk), told, at=at, source=Source.SWEEP):
            found.changes.append(Change(company.ref, "", ADOPTED))
    if differences.back or differences.lost:
        _take_back(differences, found)
    return found


def _take_back(differences: Differences, found: Found) -> None:
    """Companies that Codat has and our row does not know: a create whose answer was lost, or a mark that was wrong."""
    is_free = Q(codat_id=None) | Q(gone_at__isnull=False)
    ours = Q(pk__in=differences.back) | Q(is_free, uid__in=differences.lost)
    for company in Company.objects.filter(ours, erased_at=None):
        if company.held_until and company.held_until > timezone.now():
            continue  # somebody is at it: its own answer says the same in a moment
        told, at = differences.back.get(company.pk) or differences.lost[company.uid]
        kept = companies.keep(company, told, by=BY)
        found.changes.append(Change(company.ref, "", ADOPTED))
        for connection in told.connections:
            if connection.source_type in CONCERN_US:
                observing.adopt(kept, connection, at=at, source=Source.SWEEP)


def _uid(told: codat.Company) -> UUID | None:
    try:
        return UUID(told.tags.get("uid", ""))
    except ValueError:
        return None
