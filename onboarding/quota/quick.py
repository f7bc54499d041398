"""The shared row's everyday changes as one statement each: a tenth of the cost of locking it first.

Each does exactly what `allowance` would on the locked row, or nothing: then the caller takes the long way.
Written for SQLite and PostgreSQL alike; every value travels as a parameter.
"""

# ruff: noqa: S608  the statements are put together from constants of this file alone

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from .. import codat
from ..allowance import (
    AT_ONCE_PER_COMPANY,
    FAILURES_THAT_OPEN,
    FREE_FOR_PEOPLE,
    MANNERS,
    PACE,
    REQUESTS_PER_COMPANY,
    SPAN,
    Errand,
    Rules,
    believed_reset,
)
from .row import ROW

# What is told anew with every answer need not wait for the disk.
NO_WAIT = "WITH hasty AS (SELECT set_config('synchronous_commit', 'off', true)) "
HEALTHY = """id = %(row)s AND blocked_until IS NULL AND probe_at IS NULL AND refused_code IS NULL
AND failures < %(open)s AND running_since > %(span_began)s AND running_since <= %(now)s"""
PLACES = """AND running + running_before < {greatest}(1, "limit" / %(company)s - 1) * %(at_once)s - %(free)s"""
ADMIT = f"""UPDATE onboarding_quota SET running = running + 1, remaining = remaining - 1, paced_until = %(paced)s
{{hasty}} WHERE {HEALTHY} AND remaining - 1 >= "limit" * %(share)s AND remaining > 0 AND reset_at > %(now)s
AND (%(paced)s IS NULL OR paced_until IS NULL OR paced_until <= %(now)s) {{places}}"""
SETTLE = f"""UPDATE onboarding_quota SET running = running - 1, answered_at = %(now)s, told_at = %(now)s,
reset_at = %(reset)s, failures = 0, down_since = NULL, remaining = CASE WHEN told_at <= %(began)s
THEN {{greatest}}(0, %(remaining)s - running + 1 - running_before) ELSE {{least}}(remaining, %(remaining)s) END
{{hasty}} WHERE {HEALTHY} AND remaining IS NOT NULL AND "limit" = %(limit)s AND running > 0
AND running_since <= %(began)s"""


def admit(errand: Errand, rules: Rules, now: datetime) -> bool:
    """Whether the call may leave now; then it is counted."""
    manners = MANNERS[errand]
    paced = now + timedelta(seconds=60 / (PACE * rules.per_minute)) if rules.per_minute > 0 else None
    facts = {
        "share": 0 if manners.is_live else rules.reserve_percent / 100,
        "company": REQUESTS_PER_COMPANY,
        "at_once": AT_ONCE_PER_COMPANY,
        "free": FREE_FOR_PEOPLE,
        "paced": _stored(paced),
    }
    return _change(ADMIT, now, facts, places="" if manners.passes_open_circuit else PLACES)


def settle(status_code: int | None, told: codat.Quota | None, began_at: datetime, now: datetime) -> bool:
    """Whether an everyday answer could be counted so."""
    if status_code is None or not 200 <= status_code < 300 or told is None or told.remaining is None:
        return False
    facts = {
        "limit": told.limit,
        "remaining": told.remaining,
        "reset": _stored(believed_reset(told.reset_at, now)),
        "began": _stored(began_at),
    }
    return _change(SETTLE, now, facts, places="")


def _change(statement: str, now: datetime, facts: dict[str, Any], *, places: str) -> bool:
    if connection.in_atomic_block:
        return False  # the long way refuses to work there
    is_postgresql = connection.vendor == "postgresql"
    words = {"greatest": "GREATEST", "least": "LEAST"} if is_postgresql else {"greatest": "MAX", "least": "MIN"}
    sql = statement.format(hasty="FROM hasty" if is_postgresql else "", places=places.format(**words), **words)
    shared: dict[str, Any] = {
        "row": ROW,
        "open": FAILURES_THAT_OPEN,
        "now": _stored(now),
        "span_began": _stored(now - SPAN),
    }
    with connection.cursor() as cursor:
        cursor.execute(NO_WAIT + sql if is_postgresql else sql, {**facts, **shared})
        return cursor.rowcount == 1


def _stored(at: datetime | None) -> Any:
    return None if at is None else connection.ops.adapt_datetimefield_value(at)
