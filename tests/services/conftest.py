"""The servers that these tests need. One that is missing fails them; nothing is left out.

SERVICES_POSTGRES_URL, SERVICES_REDIS_URL and SERVICES_AMQP_URL say where they are, unless they are on this machine.
Each run makes databases and a virtual host of its own, and removes them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest
from kombu import Connection as Broker
from pytest_django import DjangoDbBlocker

from tests.kit import Sandbox
from tests.processes import Portal
from tests.services_at import AMQP, POSTGRES, give_back_redis, postgres_url, take_redis
from tests.stacks import MakePortal, migrated, portal_on

RUN = f"portal_tests_{os.getpid()}"


class SharedPostgres:
    """Databases of this run on the machine's PostgreSQL."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def url(self, database: str) -> str:
        return postgres_url(database)

    def new_database(self, template: str = "template0") -> str:
        name = f"{RUN}_{len(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        self._names.append(name)
        return name

    def execute(self, statement: str) -> None:
        with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def close(self) -> None:
        for name in self._names:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[SharedPostgres]:
    server = SharedPostgres()
    server.execute("SELECT 1")
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One of the server's databases that no other run uses."""
    url, number = take_redis(RUN)
    yield url
    give_back_redis(number)


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """A virtual host of this run's, where the machine lets us make one."""
    control = shutil.which("rabbitmqctl")
    if control is None or "SERVICES_AMQP_URL" in os.environ:
        url = f"{AMQP}/" if urlsplit(AMQP).path in ("", "/") else AMQP
        _greet(url)
        yield url
        return
    subprocess.run([control, "-q", "add_vhost", RUN], check=True, timeout=60)
    try:
        user = urlsplit(AMQP).username or "guest"
        subprocess.run([control, "-q", "set_permissions", "-p", RUN, user, ".*", ".*", ".*"], check=True, timeout=60)
        _greet(f"{AMQP}/{RUN}")
        yield f"{AMQP}/{RUN}"
    finally:
        subprocess.run([control, "-q", "delete_vhost", RUN], check=False, timeout=60)


def _greet(url: str) -> None:
    with Broker(url, connect_timeout=5) as connection:
        connection.ensure_connection(max_retries=1, timeout=10)


@pytest.fixture(scope="session")
def template(postgres: SharedPostgres, sandbox_process: Sandbox) -> str:
    return migrated(postgres, sandbox_process)


@pytest.fixture
def make_portal(
    postgres: SharedPostgres, template: str, sandbox: Sandbox, django_db_blocker: DjangoDbBlocker
) -> Iterator[MakePortal]:
    """`make_portal(broker_url=…)`: a portal on PostgreSQL with nothing started; the models look into its database."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())

        def make(**how: str) -> Portal:
            return stack.enter_context(portal_on(postgres, template, sandbox, **how))

        yield make
