"""The part of a listing that is as we know it: marked as seen, and told apart, by the database itself.

In a sweep that is all but a hundredth of it; what is left goes the careful way of `comparing`. PostgreSQL takes a
page in one statement, SQLite in two. Every value travels as a parameter, a page's in one for each column: PostgreSQL
reads lists of values in half the time of JSON.
"""

# ruff: noqa: S608  the statements are put together from constants of this file alone

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from ... import codat
from ...models import Company
from ...models.among import as_array
from ...platforms import TABLES

CONCERN_US = frozenset({"Accounting", "Expense", ""})  # source types; companies may have banks and shops there, too

TOLD = {"id": "uuid", "status": "text"}
LISTED = {"id": "uuid", "name": "text", "products": "text", "serves": "text", "live": "int", "has_uid": "int"}

CONFIRM = """UPDATE onboarding_connection AS known SET seen_at = %(at)s, seen_by_read = %(yes)s, unknown_status = ''
FROM told WHERE known.codat_id = told.id AND known.status = told.status {by_index}
AND (known.seen_at IS NULL OR known.seen_at < %(at)s OR (known.seen_at = %(at)s AND NOT known.seen_by_read))"""

# As we know it is also: as many live connections as were listed, each of them confirmed just now or seen later.
ODD = """SELECT listed.id FROM listed LEFT JOIN onboarding_company ours
ON ours.codat_id = listed.id {by_index} AND ours.erased_at IS NULL
WHERE (ours.id IS NULL AND listed.has_uid = 1) OR (ours.id IS NOT NULL AND (
ours.gone_at IS NOT NULL OR ours.codat_name <> listed.name OR CAST(ours.codat_products AS text) <> listed.products
OR listed.serves NOT LIKE '%%' || ours.product || '%%'
OR (listed.live, listed.live) <> (SELECT COUNT(*), COUNT(CASE WHEN {is_seen} THEN 1 END)
FROM onboarding_connection n WHERE n.company_id = ours.id AND n.codat_id IS NOT NULL AND n.status <> 'Deleted')))"""

Columns = tuple[Sequence[str | int], ...]


class Question(NamedTuple):
    """A page of companies, and what the database is asked of it."""

    listed: Sequence[codat.Glimpse]
    values: dict[str, str]
    bare: list[str]  # ids of companies without a connection


def question(listed: Sequence[codat.Glimpse], vendor: str) -> Question:
    """For a kind of database, and without one: another thread may put it together."""
    ids, statuses, lives, bare = list[str](), list[str](), list[int](), list[str]()
    for each in listed:
        ours = [told for told in each.connections if told.source_type in CONCERN_US]
        for told in ours:
            ids.append(told.id)
            statuses.append(told.status)
        lives.append(len(ours))
        if not ours:
            bare.append(each.id)
    rows = (
        [each.id for each in listed],
        [each.name[:255] for each in listed],
        [_as_json(each.products) for each in listed],
        [_served_by(each.products) for each in listed],
        lives,
        [int(each.has_uid) for each in listed],
    )
    values = _values(vendor, "told", TOLD, (ids, statuses)) | _values(vendor, "listed", LISTED, rows)
    return Question(listed, values, bare)


def confirm(asked: Question, at: datetime) -> list[codat.Glimpse]:
    """Mark what was listed as we know it, asked for at `at`; returns the companies of which anything differs.

    Rows that moved or were seen later meanwhile are left alone.
    """
    values = {**asked.values, "at": connection.ops.adapt_datetimefield_value(at), "yes": True}
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement, values)
        odd = {UUID(str(codat_id)).hex for (codat_id,) in cursor.fetchall()}
    _mark_bare([codat_id for codat_id in asked.bare if codat_id not in odd], at)
    return [each for each in asked.listed if each.id in odd or not each.has_every_connection]


def _mark_bare(ids: list[str], at: datetime) -> None:
    """Companies show by their connections that they were listed; those without any get a mark of their own."""
    if ids:
        older = Q(checked_at=None) | Q(checked_at__lt=at)
        Company.objects.filter(older, codat_id__in=ids).update(checked_at=at)


@lru_cache(maxsize=1000)  # an account's companies have the same few
def _as_json(products: tuple[str, ...]) -> str:
    return json.dumps(products)


@lru_cache(maxsize=1000)
def _served_by(products: tuple[str, ...]) -> str:
    """Our products for which a company has one of the names that they may have at Codat."""
    return " ".join(name for name, table in TABLES.items() if table.codat_products.intersection(products))


def _values(vendor: str, name: str, kinds: Mapping[str, str], columns: Columns) -> dict[str, str]:
    if vendor == "postgresql":
        return {f"{name}_{kind}": as_array(column) for kind, column in zip(kinds, columns, strict=True)}
    return {name: json.dumps([*zip(*columns, strict=True)])}


@cache
def _statements(vendor: str) -> tuple[str, ...]:
    """For `_values` of TOLD and LISTED; the last one brings the ids of what differs."""
    if vendor != "postgresql":
        confirm, odd = CONFIRM.format(by_index=""), ODD.format(by_index="", is_seen="n.seen_at >= %(at)s")
        return f"WITH {_of_json('told', TOLD)} {confirm}", f"WITH {_of_json('listed', LISTED)} {odd}"
    # Said twice, or PostgreSQL reads the whole of a table: of a list that it does not know yet it expects ten.
    confirm = CONFIRM.format(by_index="AND known.codat_id = ANY(ARRAY(SELECT id FROM told))")
    # All parts of a statement see the rows as they were before it.
    is_seen = "n.seen_at >= %(at)s OR n.id IN (SELECT id FROM confirmed)"
    odd = ODD.format(by_index="AND ours.codat_id = ANY(ARRAY(SELECT id FROM listed))", is_seen=is_seen)
    tables = f"{_of_arrays('told', TOLD)}, {_of_arrays('listed', LISTED)}"
    return (f"WITH {tables}, confirmed AS ({confirm} RETURNING known.id) {odd}",)


def _of_json(name: str, kinds: Mapping[str, str]) -> str:
    parts = ", ".join(f"json_extract(value, '$[{n}]')" for n, _ in enumerate(kinds))
    return f"{name}({', '.join(kinds)}) AS (SELECT {parts} FROM json_each(%({name})s))"


def _of_arrays(name: str, kinds: Mapping[str, str]) -> str:
    arrays = ", ".join(f"%({name}_{column})s::{kind}[]" for column, kind in kinds.items())
    return f"{name} AS (SELECT * FROM unnest({arrays}) AS row({', '.join(kinds)}))"
