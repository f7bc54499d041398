"""Webhook messages as Codat writes and signs them, posted to the real address."""

import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.test import Client
from svix.webhooks import Webhook

from onboarding.models import Company, Connection, Delivery
from onboarding.usecases import webhooks
from tests.kit import DEFAULT_SECRET

ADDRESS = "/webhooks/codat/"
WORD_OF = {
    "connection.created": "PendingAuth",
    "connection.connected": "Linked",
    "connection.reconnected": "Linked",
    "connection.disconnected": "Deauthorized",
    "connection.failed": "PendingAuth",
    "connection.deleted": "Linked",
}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def letter(event_type: str, payload: dict[str, Any], at: datetime | None = None) -> bytes:
    told = {"id": str(uuid4()), "eventType": event_type, "generatedDate": stamp(at or datetime.now(UTC))}
    return json.dumps(told | {"payload": payload}).encode()


def about_company(company: Company) -> dict[str, Any]:
    return {"id": str(company.codat_id), "name": company.name, "tags": {"uid": str(company.uid)}}


def about(connection: Connection, status: str, **more: Any) -> dict[str, Any]:
    """The payload of a `connection.*` event."""
    told = {
        "id": str(connection.codat_id or uuid4()),
        "integrationKey": connection.platform_key,
        "platformName": "Xero",
        "sourceType": "Accounting",
        "status": status,
        "linkUrl": f"https://link-api.codat.io/companies/c/connections/{connection.codat_id}/start?otp=742271",
    }
    return {"referenceCompany": about_company(connection.company), "connection": told | more}


def told(event_type: str, connection: Connection, status: str | None = None, at: datetime | None = None) -> bytes:
    return letter(event_type, about(connection, WORD_OF[event_type] if status is None else status), at)


def headers(
    body: bytes, *, message_id: str = "", secret: str = DEFAULT_SECRET, at: float | None = None
) -> dict[str, str]:
    """Signed by Codat's own library."""
    message_id, sent_at = message_id or f"msg_{uuid4().hex}", datetime.fromtimestamp(at or time.time(), UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, sent_at, body.decode()),
    }


def post(body: bytes, *, address: str = ADDRESS, signed: dict[str, str] | None = None, **how: Any) -> int:
    signed = headers(body, **how) if signed is None else signed
    return Client().post(address, body, content_type="application/json", headers=signed).status_code


def deliver(*bodies: bytes) -> list[Delivery]:
    """Kept and handled in one batch; the rows in the order of the bodies."""
    ids = [f"msg_{uuid4().hex}" for _ in bodies]
    for message_id, body in zip(ids, bodies, strict=True):
        webhooks.accept(body, headers(body, message_id=message_id))
    webhooks.drain()
    rows = Delivery.objects.in_bulk(ids)
    return [rows[message_id] for message_id in ids]
