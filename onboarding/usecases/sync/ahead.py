"""Codat's list of companies, read ahead: the next page or two are on their way while the present one is stored."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from django.db import connection
from django.utils import timezone

from ... import codat
from ...quota.block import BlockGate
from ...wiring import Errand, through
from ...wiring import codat as codat_for
from .pace import PAGE_SIZE
from .unchanged import Question, question

OPERATION = "list_companies"
DEPTH = 2  # pages on their way: with one, nobody asks Codat for anything while changes are stored

Read = tuple["codat.Page[codat.Glimpse]", Question]


class Listed(NamedTuple):
    asked_at: datetime
    page: "codat.Page[codat.Glimpse]"
    question: Question


class _Ear:
    """Stands in for the gate in the other thread, which must not use the database: it only listens."""

    def __init__(self) -> None:
        self.heard: tuple[int | None, codat.Quota | None, float | None] = (None, None, None)

    def before(self, operation: str) -> None:
        pass

    def after(
        self, operation: str, status_code: int | None, quota: codat.Quota | None, retry_after: float | None
    ) -> None:
        self.heard = (status_code, quota, retry_after)


class _Coming(NamedTuple):
    """A page on its way; `call` is its name at the gate, if it did not pass as the thread's own."""

    number: int
    call: int | None
    asked_at: datetime
    ear: _Ear
    read: "Future[Read]"


class Ahead:
    """Each page passes the gate in the caller's thread, before it is asked for and after it came.

    A gate of its own, for a sweep makes thousands of calls: what asks the shared row for each costs more than a page.
    Pages are asked for one after the other; a second one may be on its way already when the first is taken.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "codat-pages")
        self._gate = BlockGate(Errand.BACKGROUND, threads=DEPTH)
        self._vendor = connection.vendor
        self._coming: deque[_Coming] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._settle_all()
            self._gate.close()
        finally:
            self._pool.shutdown()

    @property
    def is_coming(self) -> bool:
        return bool(self._coming)

    def begin(self, number: int, *, last: int) -> None:
        """Ask for this page, if it is not on its way, and for the next, if there is one. Raises Busy with none sent.

        last  the list's last page, as far as one can say
        """
        if not self._coming:
            self._gate.before(OPERATION)
            self._send(number, None)
        while len(self._coming) < DEPTH and (next_number := self._coming[-1].number + 1) <= last:
            if not self._gate.begin_now(next_number):
                break
            self._send(next_number, next_number)

    def _send(self, number: int, call: int | None) -> None:
        ear = _Ear()
        self._coming.append(_Coming(number, call, timezone.now(), ear, self._pool.submit(self._fetch, number, ear)))

    def take(self) -> Listed:
        """The page that was asked for; one that did not come is asked for again, patiently. Raises a CodatError."""
        first = self._coming.popleft()
        self._settle(first)
        try:
            return Listed(first.asked_at, *first.read.result())
        except codat.Unreachable:
            self._settle_all()  # whoever waits for the gate must not hold it
            self._coming.clear()
            asked_at = timezone.now()
            with through(self._gate):
                return Listed(asked_at, *self._read(codat_for(Errand.BACKGROUND), first.number))

    def _settle_all(self) -> None:
        for each in self._coming:
            self._settle(each)

    def _settle(self, coming: "_Coming") -> None:
        coming.read.exception()  # waits
        self._gate.after(OPERATION, *coming.ear.heard, call=coming.call)

    def _fetch(self, number: int, ear: _Ear) -> Read:
        return self._read(codat_for(Errand.BACKGROUND).with_gate(ear).with_limits(read_retries=0), number)

    def _read(self, client: codat.Codat, number: int) -> Read:
        """The page, and what to ask the database of it: the caller's thread waits for the database meanwhile."""
        page = page_of(client, number)
        return page, question(page.results, self._vendor)


def page_of(client: codat.Codat, number: int) -> "codat.Page[codat.Glimpse]":
    return client.glimpse_companies(page=number, page_size=PAGE_SIZE, order_by="name")
