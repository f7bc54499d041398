"""The part of a listing that is as we know it: marked as seen, and told apart, by the database itself.

In a sweep that is all but a hundredth of it. Two statements take a page of it; what is left goes the careful way
of `comparing`. They run on SQLite and PostgreSQL alike, and every value travels as a parameter.
"""

# ruff: noqa: S608  the statements are put together from constants of this file alone

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from ... import codat
from ...models import Company
from ...platforms import TABLES

CONCERN_US = frozenset({"Accounting", "Expense", ""})  # source types; companies may have banks and shops there, too

CONFIRM = """WITH told(id, status) AS ({told})
UPDATE onboarding_connection AS known SET seen_at = %(at)s, seen_by_read = %(yes)s, unknown_status = ''
FROM told WHERE known.codat_id = told.id AND known.status = told.status {by_index}
AND (known.seen_at IS NULL OR known.seen_at < %(at)s OR (known.seen_at = %(at)s AND NOT known.seen_by_read))"""

LIVE = "FROM onboarding_connection n WHERE n.company_id = ours.id AND n.codat_id IS NOT NULL AND n.status <> 'Deleted'"
ODD = f"""WITH listed(id, name, products, live, is_tagged) AS ({{listed}})
SELECT listed.id FROM listed LEFT JOIN onboarding_company ours
ON ours.codat_id = listed.id {{by_index}} AND ours.erased_at IS NULL
WHERE (ours.id IS NULL AND listed.is_tagged) OR (ours.id IS NOT NULL AND (
ours.gone_at IS NOT NULL OR ours.codat_name <> listed.name OR CAST(ours.codat_products AS text) <> listed.products
OR {{lacks}} OR listed.live <> (SELECT COUNT(*) {LIVE})
OR listed.live <> (SELECT COUNT(*) {LIVE} AND n.seen_at >= %(at)s)))"""


def confirm(listed: Sequence[codat.Company], at: datetime) -> list[codat.Company]:
    """Mark what was listed as we know it, asked for at `at`; returns the companies of which anything differs.

    Rows that moved or were seen later meanwhile are left alone.
    """
    moment = connection.ops.adapt_datetimefield_value(at)
    rows = [_row(company) for company in listed]
    heard = [{"id": _text(each.id), "status": each.status} for company in listed for each in _ours(company)]
    with connection.cursor() as cursor:
        if heard:
            told, facts = _table(heard, id="uuid", status="text")
            cursor.execute(CONFIRM.format(told=told, by_index=_by_index("known")), facts | {"at": moment, "yes": True})
        table, facts = _table(rows, id="uuid", name="text", products="text", live="int", is_tagged="bool")
        lacks, products = _lacks()
        statement = ODD.format(listed=table, lacks=lacks, by_index=_by_index("ours"))
        cursor.execute(statement, facts | products | {"at": moment})
        odd = {UUID(str(row[0])) for row in cursor.fetchall()}
    _mark_bare(listed, odd, at)
    return [company for company in listed if company.id in odd or not company.has_every_connection]


def _mark_bare(listed: Sequence[codat.Company], odd: set[UUID], at: datetime) -> None:
    """Companies show by their connections that they were listed; those without any get a mark of their own."""
    bare = [company.id for company in listed if company.id not in odd and not _ours(company)]
    if bare:
        older = Q(checked_at=None) | Q(checked_at__lt=at)
        Company.objects.filter(older, codat_id__in=bare).update(checked_at=at)


def _ours(company: codat.Company) -> list[codat.Connection]:
    return [each for each in company.connections if each.source_type in CONCERN_US]


def _row(company: codat.Company) -> dict[str, Any]:
    return {
        "id": _text(company.id),
        "name": company.name[:255],
        "products": json.dumps(company.products),
        "live": len(_ours(company)),
        "is_tagged": "uid" in company.tags,
    }


def _text(codat_id: UUID) -> str:
    """As both databases compare it: PostgreSQL reads hexadecimal digits alone, and SQLite keeps just them."""
    return codat_id.hex


def _table(rows: list[dict[str, Any]], **columns: str) -> tuple[str, dict[str, str]]:
    """The rows as a table of the statement, and its parameters: one text for all of them."""
    values = {"rows": json.dumps(rows)}
    if connection.vendor == "postgresql":
        kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        ids = ",".join(row["id"] for row in rows)
        return f"SELECT * FROM json_to_recordset(%(rows)s::json) AS row({kinds})", values | {"ids": f"{{{ids}}}"}
    names = ", ".join(f"json_extract(value, '$.{name}')" for name in columns)
    return f"SELECT {names} FROM json_each(%(rows)s)", values


def _by_index(table: str) -> str:
    """Says the same once more, so that PostgreSQL sees how few rows it is about."""
    return f"AND {table}.codat_id = ANY(%(ids)s::uuid[])" if connection.vendor == "postgresql" else ""


def _lacks() -> tuple[str, dict[str, str]]:
    """Whether a company has none of the names that its product may have at Codat."""
    values: dict[str, str] = {}
    parts = []
    for name, table in TABLES.items():
        has = [f"listed.products LIKE %({name}_{n})s" for n, _ in enumerate(sorted(table.codat_products))]
        values |= {f"{name}_{n}": f'%"{product}"%' for n, product in enumerate(sorted(table.codat_products))}
        parts.append(f"(ours.product = %({name})s AND NOT ({' OR '.join(has)}))")
        values[name] = name
    return f"({' OR '.join(parts)})", values
