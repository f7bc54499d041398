"""The one timeline of a company: customer clicks, staff actions, webhooks, sweeps, commands, mails.

Lines are written in the transaction of what they tell of, and never changed afterwards.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Q
from django.utils import timezone

from .. import queries
from ..actors import Actor
from ..models import Company, Connection, Event, Kind
from ..prepared import Prepared, Slot

# What a customer reads of it; the rest is for staff.
FOR_CUSTOMERS = frozenset(
    {
        "accepted",
        "picked",
        "left",
        "cancelled",
        "failed",
        "connected",
        "read",
        "expired",
        "unlinked",
        "let_go",
        "read.asked",
        "shared",
    }
)


def line(
    kind: str,
    *,
    company: Company | int | None,
    by: Actor,
    connection: Connection | None = None,
    at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
    before: object = "",
    after: object = "",
    problem: bool = False,
    correlation_id: str = "",
    delivery_id: str = "",
) -> Event:
    """An unsaved line, for whoever saves many at once."""
    return Event(
        kind=kind,
        company_id=company.pk if isinstance(company, Company) else company,
        connection=connection,
        at=at or timezone.now(),
        source=by.source,
        by=by.user,
        reason=by.reason,
        facts=dict(facts or {}),
        before=str(before)[:255],
        after=str(after)[:255],
        is_problem=problem,
        correlation_id=correlation_id[:64],
        delivery_id=delivery_id[:100],
    )


def write(kind: str, *, company: Company | int | None, by: Actor, **more: Any) -> Event:
    """Save one line; see `line` for what it may carry."""
    event = line(kind, company=company, by=by, **more)
    event.save(force_insert=True)
    return event


def for_customer(company: Company, limit: int | None = None) -> list[Event]:
    """The lines that the customer's own pages show, newest first; nothing of the partner connection."""
    own = {connection.pk: connection for connection in queries.accounting_of(company)}
    events = _lines(limit).all(company=company.pk)
    for event in events:
        event.connection = own.get(event.connection_id) if event.connection_id else None
    return events


@cache
def _lines(limit: int | None) -> Prepared[Event]:
    theirs = Q(connection=None) | Q(connection__kind=Kind.ACCOUNTING)
    lines = Event.objects.filter(theirs, company=Slot("company"), kind__in=FOR_CUSTOMERS).order_by("-at", "-id")
    return Prepared(lambda: lines.select_related("by")[:limit])
