"""The whole site as its URLconf tells it, and everything that a request may leave behind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from onboarding.models import User

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
WRITE = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)
NOBODYS_BUSINESS = {"django_session", "cache", "django_migrations", "onboarding_quota", "onboarding_tally"}


@dataclass(frozen=True)
class Place:
    """A pattern: its route, all parts joined as they are written, and its name with the namespace."""

    route: str
    name: str

    def path(self, values: Mapping[str, object]) -> str:
        """An address of this place. Raises KeyError for an argument that has no value."""

        def value(match: re.Match[str]) -> str:
            return str(values[match[1] or match[2]])

        filled = ARGUMENT.sub(value, self.route.replace("^", "").replace("$", "").replace("/?", "/"))
        return f"/{filled}"

    @property
    def arguments(self) -> list[str]:
        return [first or second for first, second in ARGUMENT.findall(self.route)]


def places(resolver: URLResolver | None = None, above: str = "", namespace: str = "") -> Iterator[Place]:
    """Every pattern, in the order in which Django tries them."""
    for each in (resolver or get_resolver()).url_patterns:
        route = above + str(each.pattern)
        if isinstance(each, URLPattern):
            yield Place(route, f"{namespace}{each.name}" if each.name else "")
        else:
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from places(each, route, inner)


def browser(user: User | None, **headers: str) -> Client:
    """A browser in which somebody is signed in, or nobody. An error becomes a page, as it does in earnest."""
    client = Client(raise_request_exception=False, headers=headers or None)
    if user is not None:
        client.force_login(user)
    return client


def fingerprint() -> dict[str, str]:
    """A digest of each table: what stands in the database, but for sessions, the cache and Codat's allowance."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if table in NOBODYS_BUSINESS:
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(map(repr, cursor.fetchall()))
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements meanwhile that write to a table that matters; quicker than two fingerprints."""
    found: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        written = WRITE.match(sql)
        if written and written[1] not in NOBODYS_BUSINESS:
            found.append(sql[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


@contextmanager
def statements() -> Iterator[list[str]]:
    """The text of every statement meanwhile, without its parameters."""
    found: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables that are not as they were."""
    return [table for table in after if before.get(table) != after[table]]


def dump() -> str:
    """Every row of every table as text, sessions and cache too, as somebody with a stolen copy reads it."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            lines += [f"{table} {_readable(row)}" for row in cursor.fetchall()]
    return "\n".join(lines)


def _readable(row: tuple[Any, ...]) -> str:
    return " | ".join(
        cell.decode(errors="replace") if isinstance(cell, bytes | memoryview) else str(cell) for cell in row
    )


def body(response: Any) -> str:
    """A response's text, a streamed one's too."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def differences(found: Mapping[str, Mapping[str, int]], wanted: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Where two tables of codes differ, a line each."""
    return [
        f"{page}: {who} got {found[page].get(who)}, not {code}"
        for page in wanted
        for who, code in wanted[page].items()
        if found[page].get(who) != code
    ]
