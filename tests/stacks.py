"""A whole portal for one test: a database of its own, the broker that is asked for, and the tests' models inside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.inside import copy_sqlite, looking_into
from tests.kit import Sandbox
from tests.processes import Portal

SPOOL = "spool://localhost//"


class Databases(Protocol):
    """Where databases come from: a PostgreSQL server, or a folder of SQLite files."""

    def url(self, database: str) -> str: ...

    def new_database(self, template: str = ...) -> str: ...


@contextmanager
def folder() -> Iterator[Path]:
    """A short-lived folder that another user's server may enter too."""
    path = Path(tempfile.mkdtemp(prefix="portal-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def migrate(sandbox: Sandbox, database_url: str) -> None:
    """Tables, rights and the cache's table, made by the portal's own commands."""
    with folder() as path, Portal(path, sandbox, database_url=database_url, broker_url=SPOOL) as portal:
        portal.manage_to_end("migrate", "--verbosity=0", "--skip-checks")
        portal.manage_to_end("createcachetable", "--verbosity=0")


class SqliteFiles:
    """Copies of one migrated file."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._numbers = 0

    def url(self, database: str) -> str:
        return f"sqlite:///{self._place / database}.sqlite3"

    def new_database(self, template: str = "") -> str:
        self._numbers += 1
        name = f"portal_{self._numbers}"
        if template:
            copy_sqlite(self._place / f"{template}.sqlite3", self._place / f"{name}.sqlite3")
        return name


def migrated(databases: Databases, sandbox: Sandbox) -> str:
    """The name of a database with all tables, to be copied."""
    name = databases.new_database()
    migrate(sandbox, databases.url(name))
    return name


@contextmanager
def portal_on(
    databases: Databases, template: str, sandbox: Sandbox, *, broker_url: str = SPOOL, cache_url: str = "", **more: str
) -> Iterator[Portal]:
    """A portal with nothing started and nothing in it; the tests' models look into its database."""
    url = databases.url(databases.new_database(template))
    with (
        folder() as path,
        Portal(path, sandbox, database_url=url, broker_url=broker_url, cache_url=cache_url, **more) as portal,
        looking_into(url),
    ):
        yield portal


MakePortal = Callable[..., Portal]


def is_full() -> bool:
    """Whether the full counts are wanted: FULL=1."""
    return os.environ.get("FULL") == "1"


def count(short: int, full: int) -> int:
    return full if is_full() else short
