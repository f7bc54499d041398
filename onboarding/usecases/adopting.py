"""Companies that exist at Codat and belong to customers of ours that are not connected to them yet.

Matching reads only: by a tag whose value is our customer ID, then by the name as Codat cleans it. What fits more
than once is unclear and left to people. Adopting sets our own tag at Codat, keeps its others and never the name.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from django.db import IntegrityError
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..models import Batch, BatchRow, Company
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import companies, observing
from .bulk.outcomes import Outcome, done, failed, skipped

PAGE_SIZE = 100
MOST_TAGS = 10
BY_OUR_TAG, BY_TAG, BY_NAME = "our own tag", "tag", "name"


@dataclass(frozen=True, slots=True)
class Match:
    """One of our companies, and the one at Codat that it is."""

    company_id: int
    customer_id: str
    name: str
    codat_id: UUID
    codat_name: str
    by: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """What fits more than once, in a sentence."""

    sentence: str


class Matching:
    """Both sides in a database file of its own, so that their number costs no memory."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.pages = self.listed = self.known = 0
        self._file = NamedTemporaryFile(prefix="adopt-", suffix=".sqlite3")  # noqa: SIM115  closed with us
        self._db = sqlite3.connect(self._file.name, isolation_level=None)
        self._db.executescript(
            """
            PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
            CREATE TABLE told (id TEXT PRIMARY KEY, name TEXT, tag TEXT, uid TEXT);
            CREATE TABLE ours (id INTEGER PRIMARY KEY, customer_id TEXT, name TEXT, uid TEXT, kept TEXT);
            """
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()
        self._file.close()

    def read(self) -> None:
        """Read Codat's list to its end, and ours. Raises a CodatError: a partial list would match wrongly."""
        page_number, has_next = 1, True
        while has_next:
            page = codat_for(Errand.BACKGROUND).list_companies(page=page_number, page_size=PAGE_SIZE)
            self._take_in(page.results)
            page_number, has_next = page_number + 1, page.has_next and bool(page.results)
        waiting = Company.objects.filter(codat_id=None, erased_at=None).values_list("pk", "customer_id", "name", "uid")
        rows = (
            (pk, number, name, str(uid), companies.cleaned_name(name)) for pk, number, name, uid in waiting.iterator()
        )
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO ours VALUES (?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")
        self._db.executescript(
            "CREATE INDEX told_tag ON told (tag); CREATE INDEX told_name ON told (name);"
            "CREATE INDEX told_uid ON told (uid); CREATE INDEX ours_kept ON ours (kept);"
        )

    def _take_in(self, results: "tuple[codat.Company, ...] | list[codat.Company]") -> None:
        self.pages += 1
        self.listed += len(results)
        known = set(
            Company.objects.filter(codat_id__in=[told.id for told in results]).values_list("codat_id", flat=True)
        )
        self.known += len(known)
        rows = [
            (str(told.id), told.name, told.tags.get(self.tag, "") if self.tag else "", told.tags.get("uid", ""))
            for told in results
            if told.id not in known
        ]
        self._db.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", rows)

    def matches(self) -> Iterator[Match | Unclear]:
        """What fits exactly once on both sides, best reason first; and what does not."""
        taken_here: set[int] = set()
        for by, condition in (
            (BY_OUR_TAG, "told.uid = ours.uid"),
            (BY_TAG, "told.tag = ours.customer_id AND told.tag <> ''"),
            (BY_NAME, "told.name = ours.kept AND ours.kept <> ''"),
        ):
            yield from self._by(by, condition, taken_here)

    def _by(self, by: str, condition: str, taken: set[int]) -> Iterator[Match | Unclear]:
        self._db.execute("DROP TABLE IF EXISTS pairs")
        self._db.execute(
            f"CREATE TEMP TABLE pairs AS SELECT ours.id AS a, told.id AS b FROM ours JOIN told ON {condition}"  # noqa: S608  our own words
        )
        pairs = self._db.execute(
            "SELECT o.id, o.customer_id, o.name, t.id, t.name, (SELECT count(*) FROM pairs WHERE a = p.a),"
            " (SELECT count(*) FROM pairs WHERE b = p.b) FROM pairs p JOIN ours o ON o.id = p.a"
            " JOIN told t ON t.id = p.b ORDER BY o.id, t.id"
        )
        unclear_here, unclear_there = set(), set()
        for pk, customer_id, name, codat_id, codat_name, there, here in pairs:
            if there == here == 1:
                yield Match(pk, customer_id, name, UUID(codat_id), codat_name, by)
            elif there > 1 and pk not in unclear_here:
                unclear_here.add(pk)
                yield Unclear(f"{name} ({customer_id}) fits {there} companies at Codat by {by}.")
            elif there == 1 and codat_id not in unclear_there:
                unclear_there.add(codat_id)
                yield Unclear(f"{codat_name} at Codat ({codat_id}) fits {here} companies of ours by {by}.")
        self._db.execute("DELETE FROM ours WHERE id IN (SELECT a FROM pairs)")
        self._db.execute("DELETE FROM told WHERE id IN (SELECT b FROM pairs)")


def adopt(company: Company, row: BatchRow, batch: Batch, by: Actor) -> Outcome:
    """Make the company at Codat ours, with its connections. It keeps its name there and all its tags."""
    codat_id = UUID(row.data["codat_id"])
    asked_at = timezone.now()
    with companies.held(company) as fresh:
        if fresh.codat_id:
            return skipped("Adopted already." if fresh.codat_id == codat_id else "It has another company at Codat.")
        told = codat_for(Errand.BACKGROUND).get_company(codat_id)
        if refusal := _tag(fresh, told):
            return refusal
        try:
            companies.keep(fresh, told, by=by)
        except IntegrityError:
            return failed("This company at Codat belongs to another of our companies.")
    taken = [observing.adopt(fresh, connection, at=asked_at, source=by.source) for connection in told.connections]
    count = len([connection for connection in taken if connection])
    return done(f"Adopted {told.name} with {count} connection{'' if count == 1 else 's'}, by {row.data['by']}.")


def _tag(company: Company, told: codat.Company) -> Outcome | None:
    """Set our tag beside the others; Codat takes a sent set of tags as the whole set."""
    earlier = told.tags.get("uid")
    if earlier == str(company.uid):
        return None
    if earlier:
        return failed(f"At Codat it has a tag uid that is not ours ({earlier[:40]}): nothing was changed.")
    if len(told.tags) >= MOST_TAGS:
        return failed("At Codat it has ten tags already: there is no room for ours.")
    tags = {**told.tags, "uid": str(company.uid)}
    codat_for(Errand.BACKGROUND).update_company(told.id, key=uuid4(), tags=tags)
    return None
