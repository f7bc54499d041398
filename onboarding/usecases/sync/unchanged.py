"""The part of a listing that is as we know it: marked as seen, and told apart, by the database itself.

In a sweep that is all but a hundredth of it; what is left goes the careful way of `comparing`. PostgreSQL takes a
page in one statement, SQLite in two. Every value travels as a parameter.
"""

# ruff: noqa: S608  the statements are put together from constants of this file alone

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from ... import codat
from ...models import Company
from ...platforms import TABLES

CONCERN_US = frozenset({"Accounting", "Expense", ""})  # source types; companies may have banks and shops there, too

TOLD = {"id": "uuid", "status": "text"}
LISTED = {"id": "uuid", "name": "text", "products": "text", "live": "int", "has_uid": "bool"}

CONFIRM = """UPDATE onboarding_connection AS known SET seen_at = %(at)s, seen_by_read = %(yes)s, unknown_status = ''
FROM told WHERE known.codat_id = told.id AND known.status = told.status {by_index}
AND (known.seen_at IS NULL OR known.seen_at < %(at)s OR (known.seen_at = %(at)s AND NOT known.seen_by_read))"""

# As we know it is also: as many live connections as were listed, each of them confirmed just now or seen later.
ODD = """SELECT listed.id FROM listed LEFT JOIN onboarding_company ours
ON ours.codat_id = listed.id {by_index} AND ours.erased_at IS NULL
WHERE (ours.id IS NULL AND listed.has_uid) OR (ours.id IS NOT NULL AND (
ours.gone_at IS NOT NULL OR ours.codat_name <> listed.name OR CAST(ours.codat_products AS text) <> listed.products
OR {lacks} OR (listed.live, listed.live) <> (SELECT COUNT(*), COUNT(CASE WHEN {is_seen} THEN 1 END)
FROM onboarding_connection n WHERE n.company_id = ours.id AND n.codat_id IS NOT NULL AND n.status <> 'Deleted')))"""


def confirm(listed: Sequence[codat.Glimpse], at: datetime) -> list[codat.Glimpse]:
    """Mark what was listed as we know it, asked for at `at`; returns the companies of which anything differs.

    Rows that moved or were seen later meanwhile are left alone.
    """
    rows: list[dict[str, Any]] = []
    heard: list[dict[str, str]] = []
    for each in listed:
        ours = [told for told in each.connections if told.source_type in CONCERN_US]
        for told in ours:
            heard.append({"id": told.id, "status": told.status})
        name, products = each.name[:255], _as_json(each.products)
        rows.append({"id": each.id, "name": name, "products": products, "live": len(ours), "has_uid": each.has_uid})
    values = {"at": connection.ops.adapt_datetimefield_value(at), "yes": True}
    values |= _table("told", heard) | _table("listed", rows) | _names()
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement, values)
        odd = {UUID(str(codat_id)).hex for (codat_id,) in cursor.fetchall()}
    _mark_bare([row["id"] for row in rows if not row["live"] and row["id"] not in odd], at)
    return [each for each in listed if each.id in odd or not each.has_every_connection]


def _mark_bare(ids: list[str], at: datetime) -> None:
    """Companies show by their connections that they were listed; those without any get a mark of their own."""
    if ids:
        older = Q(checked_at=None) | Q(checked_at__lt=at)
        Company.objects.filter(older, codat_id__in=ids).update(checked_at=at)


@lru_cache(maxsize=1000)  # an account's companies have the same few
def _as_json(products: tuple[str, ...]) -> str:
    return json.dumps(products)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rows, and their ids once more, by which PostgreSQL sees how few of its own it is about."""
    return {name: json.dumps(rows), f"{name}_ids": f"{{{','.join([row['id'] for row in rows])}}}"}


@cache
def _statements(vendor: str) -> tuple[str, ...]:
    """For `_table` of TOLD and LISTED; the last one brings the ids of what differs."""
    lacks = _lacks()
    if vendor != "postgresql":
        confirm, odd = CONFIRM.format(by_index=""), ODD.format(by_index="", lacks=lacks, is_seen="n.seen_at >= %(at)s")
        return f"WITH {_of_json('told', TOLD)} {confirm}", f"WITH {_of_json('listed', LISTED)} {odd}"
    confirm = CONFIRM.format(by_index="AND known.codat_id = ANY(%(told_ids)s::uuid[])")
    # All parts of a statement see the rows as they were before it.
    is_seen = "n.seen_at >= %(at)s OR n.id IN (SELECT id FROM confirmed)"
    odd = ODD.format(by_index="AND ours.codat_id = ANY(%(listed_ids)s::uuid[])", lacks=lacks, is_seen=is_seen)
    tables = f"{_of_recordset('told', TOLD)}, {_of_recordset('listed', LISTED)}"
    return (f"WITH {tables}, confirmed AS ({confirm} RETURNING known.id) {odd}",)


def _of_json(name: str, columns: Mapping[str, str]) -> str:
    parts = ", ".join(f"json_extract(value, '$.{column}')" for column in columns)
    return f"{name}({', '.join(columns)}) AS (SELECT {parts} FROM json_each(%({name})s))"


def _of_recordset(name: str, columns: Mapping[str, str]) -> str:
    kinds = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"{name} AS (SELECT * FROM json_to_recordset(%({name})s::json) AS row({kinds}))"


def _lacks() -> str:
    """Whether a company has none of the names that its product may have at Codat; `_names` are its values."""
    parts = []
    for name, table in TABLES.items():
        has = " OR ".join(f"listed.products LIKE %({name}_{n})s" for n, _ in enumerate(sorted(table.codat_products)))
        parts.append(f"(ours.product = %({name})s AND NOT ({has}))")
    return f"({' OR '.join(parts)})"


@cache
def _names() -> dict[str, str]:
    values: dict[str, str] = {}
    for name, table in TABLES.items():
        values |= {name: name}
        values |= {f"{name}_{n}": f'%"{product}"%' for n, product in enumerate(sorted(table.codat_products))}
    return values
