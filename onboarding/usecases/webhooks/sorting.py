"""What one webhook message says, put where its batch takes it in. No database, no network."""

from collections import defaultdict
from collections.abc import Collection, Container
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ...actors import Actor
from ...codat import ConnectionFault, Garbled
from ...lifecycle import TOLD_BY_CODAT, Observation, Source, Status
from .. import timeline
from ..reads import Outcome
from .inbox import Batch, KnownConnection, News

BY = Actor(Source.WEBHOOK)
CODATS_WORDS = frozenset(word.value for word in TOLD_BY_CODAT - {Status.DELETED})
OUR_WORDS = frozenset({Status.DELETED.value, Status.STARTING.value})

# What each event can say of its connection. One that says something else contradicts itself, and Codat is asked.
TOLD_BY = {
    "connection.created": {"PendingAuth", "Linked"},
    "connection.connected": {"Linked"},
    "connection.reconnected": {"Linked"},
    "connection.disconnected": {"Unlinked", "Deauthorized"},
    "connection.failed": {"PendingAuth", "Unlinked", "Deauthorized"},
}


def sort(batch: Batch, news: News) -> None:
    kind = news.event_type
    if kind.startswith("connection."):
        _sort_connection(batch, news)
    elif kind.startswith("read.completed"):
        _sort_read(batch, news)
    elif kind.endswith((".write.successful", ".write.unsuccessful")):
        _sort_line(batch, news, "write", _write_facts(news))
    elif kind.startswith("expenses.sync."):
        _sort_line(batch, news, "expenses.sync", _sync_facts(news))
    elif kind.startswith("company."):
        _sort_company(batch, news)
    elif kind.startswith("client.rateLimit."):
        _sort_quota(batch, news)
    else:
        batch.done(news, "unknown type")


def _sort_connection(batch: Batch, news: News) -> None:
    known = batch.known_connection(news)
    if known is None:
        _sort_stranger(batch, news)
        return
    told = _observation(news)
    if told is None or _is_too_close(told, known):
        batch.read_first(known.pk, news)
        return
    batch.statuses[known.pk].append((told, news))
    if news.event_type == "connection.failed":
        batch.failures.append((known.pk, news))


def _sort_stranger(batch: Batch, news: News) -> None:
    company = batch.known_company(news)
    if news.event_type == "connection.deleted":
        batch.done(news, "never known")
    elif company and company.gone_at:
        batch.done(news, "its company is gone")
    else:
        batch.strangers.append(news)


def _observation(news: News) -> Observation | None:
    """What the event says of its connection; None if it contradicts itself or does not say when."""
    if news.at is None:
        return None
    # The payload of a deletion still shows the last status before.
    status = Status.DELETED.value if news.event_type == "connection.deleted" else _status(news)
    return Observation(status, news.at, Source.WEBHOOK, delivery_id=news.webhook_id) if status else None


def _status(news: News) -> str:
    """The word of the payload, unknown ones too; "" if it cannot be of this event."""
    word = text_in(object_in(news.payload, "connection"), "status")
    possible = TOLD_BY.get(news.event_type, CODATS_WORDS)
    if not word and len(possible) == 1:
        return next(iter(possible))
    if word in OUR_WORDS or (word in CODATS_WORDS and word not in possible):
        return ""
    return word


def _is_too_close(told: Observation, known: KnownConnection) -> bool:
    if known.seen_at is None or known.status in (told.status, Status.DELETED):
        return False
    return have_no_order(told.at, known.seen_at)


def have_no_order(one: datetime, other: datetime) -> bool:
    """A time without fractions may be any moment of its second: nobody knows whether it was before or after another."""
    early, late = min(one, other), max(one, other)
    return not early.microsecond and late < early + timedelta(seconds=1)


def _sort_read(batch: Batch, news: News) -> None:
    by_connection = defaultdict(list)
    for told in objects_in(news.payload, "dataTypes"):
        if connection_id := uuid_of(told.get("connectionId")) or news.connection_codat_id:
            by_connection[connection_id].append(told)
    unknown = [connection_id for connection_id in by_connection if connection_id not in batch.connections]
    if unknown:
        _sort_stranger(batch, news._replace(connection_codat_id=unknown[0]))
        return
    for connection_id, types in by_connection.items():
        pk = batch.connections[connection_id].pk
        batch.outcomes[pk] += [outcome for told in types if (outcome := _outcome(told, news))]
        if news.event_type == "read.completed.initial":
            batch.ended[pk] = max(news.happened_at, batch.ended.get(pk, news.happened_at))
            batch.ended_by[pk] = news.webhook_id
    batch.done(news, "read")


def _outcome(told: dict[str, Any], news: News) -> Outcome | None:
    data_type, status = text_in(told, "dataType"), text_in(told, "status")
    return Outcome(data_type, status, news.happened_at) if data_type and status else None


def needs_company(news: News, ids: Collection[UUID], known: Container[UUID]) -> bool:
    """Whether a message is sorted by its company: not if all it tells is of connections (`ids`) that we know."""
    is_of_connections = news.event_type.startswith(("connection.", "read."))
    return not (is_of_connections and ids and all(each in known for each in ids))


def connections_of(news: News) -> set[UUID]:
    """Codat's ids of all connections that a message names."""
    ids = {news.connection_codat_id}
    if news.event_type.startswith("read."):
        ids |= {uuid_of(told.get("connectionId")) for told in objects_in(news.payload, "dataTypes")}
    return {each for each in ids if each}


def _sort_line(batch: Batch, news: News, kind: str, facts: dict[str, Any]) -> None:
    company = batch.known_company(news)
    if company is None:
        batch.done(news, "not ours")
        return
    known = batch.known_connection(news)
    line = timeline.line(
        kind,
        company=company.pk,
        by=BY,
        at=news.happened_at,
        facts=facts,
        problem=news.event_type.endswith(".unsuccessful"),
        delivery_id=news.webhook_id,
    )
    line.connection_id = known.pk if known else None
    batch.lines.append(line)
    batch.done(news, "written down")


def _write_facts(news: News) -> dict[str, Any]:
    return {
        "data_type": news.event_type.split(".")[0],
        "type": text_in(news.payload, "type"),
        "status": text_in(news.payload, "status"),
        "record": text_in(object_in(news.payload, "record"), "id"),
        "push": text_in(news.payload, "id"),
    }


def _sync_facts(news: News) -> dict[str, Any]:
    transactions = objects_in(news.payload, "transactions")
    messages = dict.fromkeys(text_in(each, "errorMessage")[:300] for each in transactions)
    return {
        "sync": text_in(news.payload, "syncId"),
        "total": len(transactions),
        "completed": sum(text_in(each, "status") == "Completed" for each in transactions),
        "messages": [message for message in messages if message][:3],
    }


def _sort_company(batch: Batch, news: News) -> None:
    company = batch.known_company(news)
    if company is None:
        batch.done(news, "not ours")
    elif news.event_type == "company.deleted":
        if company.gone_at is None:
            batch.gone[company.pk] = news
        batch.done(news, "gone")
    elif news.event_type.startswith("company.product."):
        _sort_product(batch, news, company.pk)
    else:
        batch.done(news, "nothing to do")


def _sort_product(batch: Batch, news: News, company_pk: int) -> None:
    earlier = batch.products.get(company_pk)
    if earlier is None or earlier.is_older_than(news):
        batch.products[company_pk] = news
    is_removed = news.event_type.endswith(".removed")
    line = timeline.line(
        "product.removed" if is_removed else "product.added",
        company=company_pk,
        by=BY,
        at=news.happened_at,
        after=text_in(news.payload, "productId"),
        problem=is_removed,
        delivery_id=news.webhook_id,
    )
    batch.lines.append(line)
    batch.done(news, "product")


def _sort_quota(batch: Batch, news: News) -> None:
    if batch.quota is None or batch.quota.is_older_than(news):
        batch.quota = news
    facts = {name: news.payload.get(name) for name in ("dailyQuota", "quotaRemaining", "expiryDate")}
    is_reached = news.event_type.endswith(".reached")
    line = timeline.line(
        "quota.reached" if is_reached else "quota.reset",
        company=None,
        by=BY,
        at=news.happened_at,
        facts=facts,
        problem=is_reached,
        delivery_id=news.webhook_id,
    )
    batch.lines.append(line)
    batch.done(news, "quota")


def newest_fault(news: News) -> ConnectionFault | None:
    """Why the customer's last try did not go through, in Codat's words."""
    faults = []
    for told in objects_in(object_in(news.payload, "connection"), "dataConnectionErrors"):
        fault = _fault(told)
        if fault and fault.status != "Resolved":
            faults.append(fault)
    return max(faults, key=lambda fault: fault.occurred_at.timestamp() if fault.occurred_at else 0.0, default=None)


def _fault(told: dict[str, Any]) -> ConnectionFault | None:
    try:
        return ConnectionFault.from_json(told)
    except Garbled:
        return None


def text_in(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def object_in(told: dict[str, Any], name: str) -> dict[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def objects_in(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = told.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def uuid_of(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
