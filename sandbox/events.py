"""The events that Codat announces, and their payloads."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.shapes import company_event_json, connection_json, reference_json
from sandbox.store import Company, Connection, new_id

if TYPE_CHECKING:
    from sandbox.world import World

EVENT_TYPES = (
    "company.created",
    "company.deleted",
    "company.product.added",
    "company.product.removed",
    "connection.created",
    "connection.connected",
    "connection.failed",
    "connection.disconnected",
    "connection.reconnected",
    "connection.deleted",
    "read.completed",
    "read.completed.initial",
    "bills.write.successful",
    "bills.write.unsuccessful",
    "billPayments.write.successful",
    "billPayments.write.unsuccessful",
    "suppliers.write.successful",
    "suppliers.write.unsuccessful",
    "client.rateLimit.reached",
    "client.rateLimit.reset",
    "expenses.sync.successful",
    "expenses.sync.unsuccessful",
)

_BASE62 = string.ascii_letters + string.digits


@dataclass(slots=True)
class Event:
    """One message: its id stays the same however often it is delivered."""

    message_id: str
    event_type: str
    body: bytes
    tags: dict[str, str] = field(default_factory=dict)  # of the company it is about
    is_for_all: bool = False  # whatever event types a consumer asked for
    missed_by: set[str] = field(default_factory=set)  # consumers that were away


def emit(
    world: World,
    event_type: str,
    payload: dict[str, Any],
    *,
    tags: dict[str, str] | None = None,
    message_id: str | None = None,
    generated_at: str | None = None,
    is_for_all: bool = False,
) -> str:
    """Announces an event to every consumer that wants it, and returns its message id."""
    envelope = {
        "id": new_id(),
        "eventType": event_type,
        "generatedDate": generated_at or world.clock.stamp(),
        "payload": payload,
    }
    body = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
    event = Event(message_id or new_message_id(), event_type, body, tags or {}, is_for_all)
    world.webhooks.publish(event)
    return event.message_id


def new_message_id() -> str:
    return "msg_" + "".join(secrets.choice(_BASE62) for _ in range(27))


def tell_company(world: World, event_type: str, company: Company) -> None:
    emit(world, event_type, company_event_json(world, company), tags=company.tags)


def tell_product(world: World, event_type: str, company: Company, product: str) -> None:
    payload = {
        "id": company.id,
        "name": company.name,
        "description": company.description,
        "productId": product,
        "productName": product.replace("-", " ").title(),
        "products": list(company.products),
    }
    emit(world, event_type, payload, tags=company.tags)


def tell_connection(world: World, event_type: str, connection: Connection) -> None:
    company = world.store.companies[connection.company_id]
    payload = {"referenceCompany": reference_json(company), "connection": connection_json(world, connection)}
    emit(world, event_type, payload, tags=company.tags)


def tell_read(world: World, company: Company, pulls: list[dict[str, Any]], *, is_initial: bool) -> None:
    """A read has ended. On the initial one nothing counts as modified."""
    data_types = [
        {
            "connectionId": pull["connectionId"],
            "dataType": pull["dataType"],
            "recordsModified": not is_initial and pull["status"] == "Complete",
            "status": pull["status"],
            "issues": [],
        }
        for pull in pulls
    ]
    payload = {
        "referenceCompany": reference_json(company),
        "modifiedFromDate": None if is_initial else company.last_sync,
        "dataTypes": data_types,
    }
    emit(world, "read.completed.initial" if is_initial else "read.completed", payload, tags=company.tags)


def tell_write(world: World, connection: Connection, data_type: str, *, is_successful: bool) -> None:
    """Something was written to the accounting software, or could not be."""
    company, now = world.store.companies[connection.company_id], world.clock.stamp()
    payload = {
        "id": new_id(),
        "type": "Create",
        "referenceCompany": reference_json(company),
        "connectionId": connection.id,
        "requestedOnDate": now,
        "completedOnDate": now,
        "status": "Success" if is_successful else "Failed",
        "record": {"id": f"{data_type}-1"} if is_successful else None,
        "attachmentId": None,
    }
    event_type = f"{data_type}.write.{'successful' if is_successful else 'unsuccessful'}"
    emit(world, event_type, payload, tags=company.tags)


def tell_expense_sync(world: World, company: Company, *, is_successful: bool) -> None:
    """Expense transactions were pushed; one of them failed unless all is well."""
    transactions: list[dict[str, Any]] = [{"id": new_id(), "status": "Completed", "errorMessage": None}]
    if not is_successful:
        transactions.append({"id": new_id(), "status": "Failed", "errorMessage": "The account is archived."})
    payload = {"referenceCompany": reference_json(company), "syncId": new_id(), "transactions": transactions}
    emit(world, f"expenses.sync.{'successful' if is_successful else 'unsuccessful'}", payload, tags=company.tags)
