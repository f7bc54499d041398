"""Synchronous Bill Pay: calls that reach the customer's software at once."""

from __future__ import annotations

from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, json_answer
from sandbox.ledger import CURRENCY, bill_mapping, payment_mapping
from sandbox.routing import api
from sandbox.store import LINKED, Connection
from sandbox.world import World

BASE = "/companies/{company_id}/connections/{connection_id}/payables"


@api.route("GET", f"{BASE}/info")
def company_information(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    """Which accounting file was linked."""
    connection = _live(world, company_id, connection_id)
    return json_answer({"companyName": connection.organisation, "baseCurrency": CURRENCY})


@api.route("GET", f"{BASE}/mappingOptions/bills")
def bills(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    _live(world, company_id, connection_id)
    return json_answer(bill_mapping())


@api.route("GET", f"{BASE}/mappingOptions/payments")
def payments(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    _live(world, company_id, connection_id)
    return json_answer(payment_mapping())


def _live(world: World, company_id: str, connection_id: str) -> Connection:
    """The connection, if its software can be reached. Raises a 404 or 400 refusal."""
    connection = world.connection(company_id, connection_id)
    if connection.status != LINKED or connection.is_partner:
        raise ApiError(400, f"Data connection {connection.id} is not linked.", service="Payables")
    return connection
