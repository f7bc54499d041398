"""Portals to be broken. Small: SQLite and the spool, as `make run` has it. Large: PostgreSQL, Redis or RabbitMQ.

PostgreSQL and Redis are servers of this run's own, so that nothing else on the machine notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_django import DjangoDbBlocker

from tests.kit import Sandbox
from tests.processes import Portal
from tests.servers import Postgres, Redis
from tests.stacks import MakePortal, SqliteFiles, folder, migrated, portal_on


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def large_template(postgres: Postgres, sandbox_process: Sandbox) -> str:
    return migrated(postgres, sandbox_process)


@pytest.fixture(scope="session")
def files() -> Iterator[SqliteFiles]:
    with folder() as place:
        yield SqliteFiles(place)


@pytest.fixture(scope="session")
def small_template(files: SqliteFiles, sandbox_process: Sandbox) -> str:
    return migrated(files, sandbox_process)


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def make_large(
    postgres: Postgres, large_template: str, sandbox: Sandbox, django_db_blocker: DjangoDbBlocker
) -> Iterator[MakePortal]:
    """`make_large(broker_url=…)`: nothing started; the tests' models look into its database."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())

        def make(**how: str) -> Portal:
            return stack.enter_context(portal_on(postgres, large_template, sandbox, **how))

        yield make


@pytest.fixture
def large(make_large: MakePortal, redis_server: Redis) -> Portal:
    """Messages and cache on Redis."""
    return make_large(broker_url=redis_server.url(0), cache_url=redis_server.url(1))


@pytest.fixture
def small(
    files: SqliteFiles, small_template: str, sandbox: Sandbox, django_db_blocker: DjangoDbBlocker
) -> Iterator[Portal]:
    with django_db_blocker.unblock(), portal_on(files, small_template, sandbox) as portal:
        yield portal


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Figures for the end of the run."""
    return lambda words: record_property("measured", words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    measured = [
        (report.nodeid, words) for report in reports for name, words in report.user_properties if name == "measured"
    ]
    if measured:
        terminalreporter.section("measured")
    for node, words in measured:
        terminalreporter.write_line(f"{node.partition('::')[2]}: {words}")
