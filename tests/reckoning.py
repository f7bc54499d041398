"""The exact reckoning after a fault: portal and Codat side by side. What differs is said, one line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count

from onboarding.lifecycle import Status
from onboarding.models import Company, Connection, Delivery, Event, Kind
from onboarding.usecases.door import KINDS
from tests.kit import Sandbox

SHOWN = 20
WEBHOOK_PATH = "/webhooks/codat/"


def reconcile(sandbox: Sandbox) -> list[str]:
    """Every way in which the portal's database and the sandbox do not agree; [] when nothing is lost or there twice.

    Companies: each of ours at Codat once, and known. Connections: the same ones, in the same status. Messages: every
    one that we acknowledged is kept, and handled. Timeline and mails: nothing told twice.
    """
    at_codat = sandbox.companies()
    found = [*_companies(at_codat), *_connections(at_codat), *_messages(sandbox), *_told_twice()]
    return found[:SHOWN] + ([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])


def _companies(at_codat: list[dict[str, Any]]) -> Iterator[str]:
    ours = {str(uid): codat_id for uid, codat_id in Company.objects.filter(gone_at=None).values_list("uid", "codat_id")}
    tagged = [(company["tags"].get("uid"), company["id"]) for company in at_codat]
    for uid, count in Counter(uid for uid, _ in tagged if uid in ours).items():
        if count > 1:
            yield f"company {uid} is at Codat {count} times"
    for uid, codat_id in tagged:
        if uid in ours and str(ours[uid]) != codat_id:
            yield f"company {uid} is {codat_id} at Codat, and {ours[uid]} here"
    known = {codat_id for _, codat_id in tagged}
    for uid, mine in ours.items():
        if mine and str(mine) not in known:
            yield f"company {uid} is {mine} here, and Codat has no such company"


def _connections(at_codat: list[dict[str, Any]]) -> Iterator[str]:
    ours = {str(mine) for mine in Company.objects.exclude(codat_id=None).values_list("codat_id", flat=True)}
    told = {
        UUID(connection["id"]): connection["status"]
        for company in at_codat
        if company["id"] in ours
        for connection in company["connections"]
    }
    rows = Connection.objects.exclude(codat_id=None).values_list("codat_id", "status")
    known: dict[UUID, str] = {codat_id: status for codat_id, status in rows if codat_id}
    for codat_id, status in told.items():
        if known.get(codat_id) != status:
            yield f"connection {codat_id} is {status} at Codat, and {known.get(codat_id, 'unknown')} here"
    for codat_id, status in known.items():
        if codat_id not in told and status != Status.DELETED:
            yield f"connection {codat_id} is {status} here, and Codat has no such connection"
    yield from _unfinished_twice()


def _unfinished_twice() -> Iterator[str]:
    pending = Connection.objects.filter(kind=Kind.ACCOUNTING, origin="ours", status=Status.PENDING_AUTH)
    for row in pending.values("company").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"company {row['company']} has {row['n']} unfinished connections"
    linked = Connection.objects.filter(kind=Kind.ACCOUNTING, status=Status.LINKED)
    for row in linked.values("company").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"company {row['company']} has {row['n']} linked connections"


def _messages(sandbox: Sandbox) -> Iterator[str]:
    attempts = [told for told in sandbox.deliveries() if told["url"].endswith(WEBHOOK_PATH)]
    acknowledged = {told["messageId"] for told in attempts if 200 <= told["status"] < 300}
    kept = set(Delivery.objects.values_list("pk", flat=True))
    for message_id in sorted(acknowledged - kept):
        yield f"message {message_id} was acknowledged, and is lost"
    for message_id in Delivery.objects.filter(done_at=None, parked_at=None).values_list("pk", flat=True):
        yield f"message {message_id} is not handled"
    for message_id, error in Delivery.objects.exclude(parked_at=None).values_list("pk", "error"):
        yield f"message {message_id} is parked: {error[-200:]}"


def _told_twice() -> Iterator[str]:
    """The same change of the same connection, of the same moment, in two lines of the timeline."""
    moves = Event.objects.filter(kind__in=KINDS.values()).exclude(connection=None).values("connection", "kind", "at")
    for line in moves.annotate(n=Count("pk")).filter(n__gt=1):
        yield f"connection {line['connection']}: {line['kind']} is told {line['n']} times"
