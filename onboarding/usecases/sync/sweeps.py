"""Sweeps: walks through Codat's list of companies that find what no event told.

A sweep is a row. It asks for a page, compares, stores, and remembers the next page, so it can be stopped
anywhere and goes on. Only one runs at a time; a killed one's lease runs out.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil, inf
from time import monotonic
from uuid import UUID

from django.utils import timezone

from ... import codat
from ...models import Company, Sweep
from ...wiring import Errand
from ...wiring import codat as codat_for
from .. import leases, retries
from ..haste import hasty
from ..watch import alarms
from . import missing, unchanged
from .ahead import Ahead, page_of
from .comparing import ADOPTED, GONE, Found, Listed, compare, take_in
from .pace import PAGE_SIZE, interval

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # longer than one page with all its tries
STALE_AFTER = timedelta(hours=6)  # a stopped sweep's first pages are too old to go on from
STORED_EVERY_SECONDS = 1.0
HELD_AT_MOST = 500  # companies of which something differs
SPARE_PAGES = 10  # that rows moving between pages may add to a listing

Told = Callable[[Found], None]


class AlreadyRunning(Exception):
    """Another process sweeps."""


class LostLease(Exception):
    """Another process took over while this one stood still."""


def sweep_if_due(*, budget_seconds: float, now: datetime | None = None) -> str:
    """Go on with a stopped sweep, or begin one if it is time; returns a word for the log.

    What Codat does not answer now is asked on a later call, from the same page.
    """
    moment = now or timezone.now()
    if not is_due(moment):
        return "not due"
    try:
        return run(budget_seconds=budget_seconds, now=moment)
    except AlreadyRunning:
        return "already running"
    except codat.CodatError as error:
        return f"stopped: {error}"


def is_due(now: datetime) -> bool:
    newest = Sweep.objects.order_by("-started_at").first()
    return newest is None or newest.finished_at is None or now >= newest.started_at + interval()


def run(*, budget_seconds: float | None = None, now: datetime | None = None, tell: Told | None = None) -> str:
    """One sweep to its end, or for so many seconds; a stopped one first. `tell` hears of every page.

    Raises AlreadyRunning, or a CodatError with the sweep stopped where it was.
    """
    me = leases.take("sweep", LEASE)
    if me is None:
        raise AlreadyRunning
    try:
        sweep = _open_sweep(now or timezone.now())
        until = monotonic() + budget_seconds if budget_seconds is not None else inf
        with hasty():
            return Walk(sweep, me, until, tell).go()
    except LostLease:
        return "another process took over"
    finally:
        leases.give_back("sweep", me)


def _open_sweep(now: datetime) -> Sweep:
    sweep = Sweep.objects.filter(finished_at=None).order_by("-started_at").first()
    if sweep and now - sweep.started_at > max(STALE_AFTER, interval()):
        _finish(sweep, "It stood still for too long; another one begins.")
        sweep = None
    return sweep or Sweep.objects.create(started_at=now)


class Walk:
    """One process's part of a sweep."""

    def __init__(self, sweep: Sweep, me: UUID, until: float, tell: Told | None) -> None:
        self.sweep = sweep
        self.me = me
        self.until = until
        self.tell = tell
        self.from_the_start = sweep.next_page == 1
        self.without_product: list[str] = []
        self.number = sweep.next_page
        self.held: list[Listed] = []  # companies of which something differs, not stored yet
        self.held_back: codat.Busy | None = None
        self.stored_at = self.kept_at = monotonic()

    def go(self) -> str:
        sweep = self.sweep
        try:
            if not sweep.is_whole:
                self._list()
            if sweep.is_whole:
                self._look_again()
        except (codat.Refused, codat.Garbled) as error:
            self._finish(str(error))  # asking the same again brings the same
            raise
        except codat.CodatError as error:
            sweep.error = str(error)
            sweep.save(update_fields=["error"])
            raise
        if sweep.finished_at is None:
            return f"stopped before page {sweep.next_page}"
        return f"{'whole' if sweep.is_whole else 'partial'}: {sweep.seen} listed, {sweep.changed} changed"

    def _list(self) -> None:
        """Walk the pages. A listing that goes astray ends the sweep as partial: absence means nothing in it."""
        with Ahead() as ahead:
            try:
                self._walk(ahead)
            finally:
                self._store()

    def _walk(self, ahead: Ahead) -> None:
        before: frozenset[str] = frozenset()
        self._ask_on(ahead, self.number, last=self.number)
        while ahead.is_coming:
            asked_at, page, question = ahead.take()
            ids = frozenset(told.id for told in page.results)
            if why := _astray(self.number, page.total_results, ids, before):
                self.sweep.asked += 1
                self._finish(why)
                return
            if page.has_next:
                self._ask_on(ahead, self.number + 1, last=ceil(page.total_results / PAGE_SIZE))
            self._take(question, asked_at, is_last=not page.has_next)
            if not page.has_next:
                return
            before = ids
        if self.held_back:
            raise self.held_back

    def _ask_on(self, ahead: Ahead, number: int, *, last: int) -> None:
        """Have the next pages on their way. If the gate holds them back, what came is stored before that is said."""
        if monotonic() > self.until or self.held_back:
            return
        try:
            ahead.begin(number, last=last)
        except codat.Busy as busy:
            self.held_back = busy

    def _take(self, question: unchanged.Question, at: datetime, *, is_last: bool) -> None:
        """What did not change is marked at once; the rest waits a moment for more, for it costs the same for many."""
        odd = retries.once_more(lambda: unchanged.confirm(question, at))
        self.held += [Listed(told.whole(), at) for told in odd]
        self.number += 1
        self.sweep.asked += 1
        self.sweep.seen += len(question.listed)
        self.sweep.is_whole = is_last
        if self.tell:
            self.tell(Found(listed=len(question.listed)))
        if is_last or len(self.held) >= HELD_AT_MOST or monotonic() - self.stored_at > STORED_EVERY_SECONDS:
            self._store()

    def _store(self) -> None:
        """A page counts only once its news is stored: a killed sweep lists the last pages again."""
        if self.number == self.sweep.next_page:
            return
        found = take_in(compare(self.held)) if self.held else Found()
        self.held, self.sweep.next_page, self.stored_at = [], self.number, monotonic()
        self._note(found)

    def _look_again(self) -> None:
        """Ask for each company that a whole listing did not show."""
        unseen = missing.unseen(self.sweep.started_at)
        if missing.are_suspicious(unseen):
            alarms.sound("sweep.many_missing", missing=len(unseen))
            self._finish(f"{len(unseen)} companies are missing from Codat's list: none was marked.")
            return
        for found in missing.look(unseen):
            self.sweep.asked += 1
            self._note(found)
            if monotonic() > self.until:
                return
        alarms.clear("sweep.many_missing")
        self._finish("")

    def _note(self, found: Found) -> None:
        sweep = self.sweep
        sweep.changed += found.changed
        sweep.adopted += found.count(ADOPTED)
        sweep.gone += found.count(GONE)
        sweep.missed_by_webhook += found.missed
        sweep.error = ""
        sweep.save()
        self.without_product += found.without_product
        if self.tell:
            self.tell(found)
        if monotonic() - self.kept_at > LEASE.total_seconds() / 6:
            self.kept_at = monotonic()
            if not leases.keep("sweep", self.me, LEASE):
                raise LostLease

    def _finish(self, error: str) -> None:
        _finish(self.sweep, error)
        if self.without_product:
            names = self.without_product
            alarms.sound("product.missing", companies=len(names), some=names[:10])
        elif self.sweep.is_whole and self.from_the_start:
            alarms.clear("product.missing")


def _astray(number: int, total: int, ids: frozenset[str], before: frozenset[str]) -> str:
    """What is wrong with a page; "" if nothing is."""
    if ids and ids == before:
        return f"Page {number} repeats the page before."
    if number > total / PAGE_SIZE + SPARE_PAGES:
        return f"Page {number} of a list of {total}: it does not end."
    if not ids and total > (number - 1) * PAGE_SIZE:
        return f"Page {number} is empty, and the list is not over."
    return ""


def _finish(sweep: Sweep, error: str) -> None:
    sweep.finished_at, sweep.error = timezone.now(), error
    sweep.save()
    log.info("sweep ended", extra={"pages": sweep.asked, "changed": sweep.changed, "whole": sweep.is_whole})


def look_at(chosen: Iterable[Company], *, is_dry_run: bool = False) -> Iterator[Found]:
    """Ask for some companies, one request each, for a person who waits. Raises a CodatError; what was asked stays."""
    return (missing.look_at(company, Errand.CLICK, is_dry_run=is_dry_run) for company in chosen)


def preview() -> Iterator[Found]:
    """What a whole sweep would change, page by page. Writes nothing, and asks after no company that is missing."""
    number, has_next, before = 1, True, frozenset[str]()
    while has_next:
        asked_at = timezone.now()
        page = page_of(codat_for(Errand.BACKGROUND), number)
        ids = frozenset(told.id for told in page.results)
        if _astray(number, page.total_results, ids, before):
            return
        yield compare([Listed(told.whole(), asked_at) for told in page.results]).foreseen()
        number, has_next, before = number + 1, page.has_next, ids
