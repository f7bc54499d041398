"""What a benchmark needs around it: a database of its own, a local Codat, many companies on both sides."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from tests.kit import Sandbox

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
SECRET = "whsec_YmVuY2htYXJrcy1vbmx5LXdlYmhvb2stc2VjcmV0"
API_KEY = "bench-key"
PORTAL = "http://127.0.0.1"


@contextmanager
def codat(*arguments: str) -> Iterator[Sandbox]:
    """A local Codat without a daily limit."""
    sandbox = Sandbox(*arguments, api_key=API_KEY, webhook_secret=SECRET).start()
    try:
        sandbox.quota(daily=100_000_000)
        yield sandbox
    finally:
        sandbox.kill()


@contextmanager
def database(**settings: str) -> Iterator[str]:
    """A fresh PostgreSQL database with our tables, by its URL; Django is set up for it."""
    name = f"bench_{os.getpid()}"
    folder = tempfile.mkdtemp(prefix="portal-bench-")
    os.environ["VAR_DIR"] = folder
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    url = SERVER.rpartition("/")[0] + f"/{name}"
    try:
        _set_up_django(settings_for(url, **settings))
        yield url
    finally:
        if "django.db" in sys.modules:
            from django.db import connections

            connections.close_all()
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(folder, ignore_errors=True)


def settings_for(url: str, **more: str) -> dict[str, str]:
    """The environment of a portal on that database, whose Codat has no limit by the minute."""
    return {
        "ENV_FILE": os.devnull,
        "VAR_DIR": os.environ["VAR_DIR"],
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz-ABC",
        "PUBLIC_URL": PORTAL,
        "CODAT_BASE_URL": "http://127.0.0.1:9",
        "CODAT_API_KEY": API_KEY,
        "CODAT_WEBHOOK_SECRET": SECRET,
        "CODAT_PER_MINUTE": "0",
        "STAFF_SECOND_FACTOR": "0",
        "EMAIL_URL": "memorymail://",
        "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "LOG_LEVEL": "WARNING",
        **more,
    }


def _set_up_django(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


@dataclass
class Count:
    count: int = 0


@contextmanager
def counted() -> Iterator[Count]:
    """How many statements this thread sends meanwhile; keeps none of them."""
    from django.db import connection

    told = Count()

    def note(execute: Callable[..., Any], *call: Any) -> Any:
        told.count += 1
        return execute(*call)

    with connection.execute_wrapper(note):
        yield told


def analyze() -> None:
    """The planner knows the tables, as it does on a server that has run for a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def take_over(sandbox: Sandbox, size: int = 5000) -> list[str]:
    """Rows for everything that the local Codat has, seen an hour ago. Returns Codat's ids of the connections."""
    told = sandbox.companies()
    for start in range(0, len(told), size):
        _store(start, told[start : start + size])
    analyze()
    return [each["id"] for company in told for each in company["connections"]]


def _store(start: int, part: list[dict[str, Any]]) -> None:
    from onboarding.models import Company, Connection

    seen_at = datetime.now(UTC) - timedelta(hours=1)
    rows = Company.objects.bulk_create(_company(start + n, each) for n, each in enumerate(part))
    Connection.objects.bulk_create(
        Connection(
            company=row,
            platform_key=connection["platformKey"],
            codat_id=UUID(connection["id"]),
            status=connection["status"],
            seen_at=seen_at,
            seen_by_read=True,
            linked_at=seen_at,
        )
        for row, each in zip(rows, part, strict=True)
        for connection in each["connections"]
    )


def _company(number: int, told: dict[str, Any]) -> Any:
    from onboarding.models import Company

    return Company(
        uid=UUID(told["tags"]["uid"]),
        ref=f"{number:08}",
        customer_id=told["tags"]["uid"],
        name=told["name"],
        email="owner@customer.example",
        product="bill_pay_async",
        codat_id=UUID(told["id"]),
        codat_name=told["name"],
        codat_products=told["products"],
        state="linked",
        state_since=datetime.now(UTC),
    )
