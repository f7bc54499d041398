"""The moment to kill somebody: at Codat, waiting for an answer; or in the database, between two statements.

Nothing of ours is patched: the sandbox keeps an answer back, or another session holds a table's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Self

import psycopg
import requests

from onboarding.models import Company, Connection, User
from tests import factories
from tests.inside import Customer
from tests.kit import Sandbox
from tests.processes import Portal, until

AT_CODAT_SECONDS = 90.0
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass(%s)"
AGAIN_SECONDS = 100.0  # a dead click's claim on its company runs out after 60


@contextmanager
def kept_waiting(sandbox: Sandbox, method: str, path: str, *, is_done: bool) -> Iterator[Callable[[], None]]:
    """The next such request gets no answer meanwhile; `is_done`: Codat has done its work already.

    Gives a function that returns once the request hangs there.
    """
    before = len(sandbox.requests(path, method))
    sandbox.slow(AT_CODAT_SECONDS, method, path, after_effect=is_done)

    def wait() -> None:
        def hangs() -> bool:
            return any(request.status == 0 for request in sandbox.requests(path, method)[before:])

        until(hangs, f"{method} {path} hangs at Codat", 90, every=0.01)

    yield wait


class Lock:
    """Nobody writes to a table while this is held; reading goes on. As a context it is let go at the end."""

    def __init__(self, database_url: str, table: str) -> None:
        self._table = table
        self._holder = psycopg.connect(database_url)
        self._watcher = psycopg.connect(database_url, autocommit=True)

    def __enter__(self) -> Self:
        self._holder.execute(f"LOCK TABLE {self._table} IN EXCLUSIVE MODE")
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.close()
        self._watcher.close()

    def wait_for_somebody(self) -> None:
        """Until somebody waits to write to this table."""

        def waits() -> bool:
            return self._watcher.execute(WAITING, [self._table]).fetchone() != (0,)

        until(waits, f"somebody waits for {self._table}", 60, every=0.01)

    def let_go(self) -> None:
        self._holder.rollback()


def in_background(act: Callable[[], object]) -> Thread:
    """Begin an act whose other side may die."""

    def run() -> None:
        with suppress(requests.RequestException):
            act()

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread


class Visitor:
    """A customer with one company, in a browser."""

    def __init__(self, portal: Portal, number: int, product: str = "bill_pay_async") -> None:
        self.user: User = factories.person(f"ana{number}@marlow.example", "Ana Marlow")
        self.company: Company = factories.company(self.user, product=product, email=self.user.email)
        self.browser = Customer(portal.url, self.user)
        self._portal = portal

    @property
    def home(self) -> str:
        return f"/c/{self.company.ref}/"

    @property
    def connection(self) -> Connection:
        return Connection.objects.filter(company=self.company, kind="accounting").latest("pk")

    def connect(self, slug: str = "xero") -> requests.Response:
        return self.browser.post(f"{self.home}connect/{slug}/go/")

    def connect_until_at_link(self, slug: str = "xero") -> str:
        """Pressed until it works, as people do; the link's address. Raises TimeoutError."""
        return self._until_at_link(lambda: self.connect(slug))

    def reconnect_until_at_link(self) -> str:
        return self._until_at_link(lambda: self.browser.post(f"{self.home}connection/reconnect/"))

    def _until_at_link(self, press: Callable[[], requests.Response]) -> str:
        codat = self._portal.sandbox.url

        def link() -> str:
            where = press().headers.get("Location", "")
            return where if where.startswith(codat) else ""

        return until(link, f"{self.company} at Link", AGAIN_SECONDS, every=1.0)

    def go_through(self, link: str, answer: str = "authorise") -> requests.Response:
        """At Link and back again."""
        back = self._portal.sandbox.visit_link(link, answer)
        return self.browser.get("/return/?" + back.partition("?")[2])

    def disconnect(self) -> requests.Response:
        return self.browser.post(f"{self.home}connection/disconnect/")

    def become_linked(self) -> None:
        self.go_through(self.connect_until_at_link())

    def status(self) -> Any:
        return self.connection.status
