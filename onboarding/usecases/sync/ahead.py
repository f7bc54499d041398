"""Codat's list of companies, one page ahead: the next one is on its way while the present one is stored."""

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


class Ahead:
    """Each page passes the gate in the caller's thread, before it is asked for and after it came.

    A gate of its own, for a sweep makes thousands of calls: what asks the shared row for each costs more than a page.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "codat-pages")
        self._gate = BlockGate(Errand.BACKGROUND, threads=1)
        self._vendor = connection.vendor
        self._coming: tuple[int, datetime, _Ear, Future[Read]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._coming:
                self._settle(*self._coming[2:])
            self._gate.close()
        finally:
            self._pool.shutdown()

    def begin(self, number: int) -> None:
        """Ask for a page. Raises Busy with nothing sent."""
        self._gate.before(OPERATION)
        ear = _Ear()
        self._coming = (number, timezone.now(), ear, self._pool.submit(self._fetch, number, ear))

    def take(self) -> Listed:
        """The page that was asked for; one that did not come is asked for again, patiently. Raises a CodatError."""
        assert self._coming
        (number, asked_at, ear, coming), self._coming = self._coming, None
        self._settle(ear, coming)
        try:
            return Listed(asked_at, *coming.result())
        except codat.Unreachable:
            asked_at = timezone.now()
            with through(self._gate):
                return Listed(asked_at, *self._read(codat_for(Errand.BACKGROUND), number))

    def _settle(self, ear: _Ear, coming: "Future[Read]") -> None:
        coming.exception()  # waits
        self._gate.after(OPERATION, *ear.heard)

    def _fetch(self, number: int, ear: _Ear) -> Read:
        return self._read(codat_for(Errand.BACKGROUND).with_gate(ear).with_limits(read_retries=0), number)

    def _read(self, client: codat.Codat, number: int) -> Read:
        """The page, and what to ask the database of it: the caller's thread waits for the database meanwhile."""
        page = page_of(client, number)
        return page, question(page.results, self._vendor)


def page_of(client: codat.Codat, number: int) -> "codat.Page[codat.Glimpse]":
    return client.glimpse_companies(page=number, page_size=PAGE_SIZE, order_by="name")
