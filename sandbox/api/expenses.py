"""Expenses: the partner connection, the fallback configuration, and what can be mapped."""

from __future__ import annotations

from sandbox import lifecycle, shapes
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, json_answer
from sandbox.ledger import expense_mapping
from sandbox.platforms import PARTNER_NAME
from sandbox.routing import api
from sandbox.store import linked
from sandbox.world import World

CONFIG_FIELDS = ("bankAccount", "supplier", "customer")


@api.route("POST", "/companies/{company_id}/sync/expenses/connections/partnerExpense")
def create_partner_connection(world: World, request: Request, company_id: str) -> Answer:
    """Born Linked, and only beside a Linked accounting connection (400)."""
    company = world.company(company_id)
    if not any(shapes.source_type(connection) == "Accounting" for connection in linked(company.connections)):
        raise ApiError(400, "The company has no linked accounting connection.", service="Expenses")
    return json_answer(shapes.connection_json(world, lifecycle.create_partner(world, company)))


@api.route("GET", "/companies/{company_id}/sync/expenses/config")
def get_config(world: World, request: Request, company_id: str) -> Answer:
    config = world.company(company_id).expense_config
    if config is None:
        raise ApiError(404, "No configuration was found for this company.", service="Expenses")
    return json_answer(config)


@api.route("POST", "/companies/{company_id}/sync/expenses/config")
def set_config(world: World, request: Request, company_id: str) -> Answer:
    company, asked = world.company(company_id), request.json_object()
    for name in CONFIG_FIELDS:
        value = asked.get(name)
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise ApiError(400, f"{name} is required.", service="Expenses")
    company.expense_config = {name: {"id": asked[name]["id"]} for name in CONFIG_FIELDS}
    world.store.version += 1
    return json_answer(company.expense_config)


@api.route("GET", "/companies/{company_id}/sync/expenses/mappingOptions")
def mapping_options(world: World, request: Request, company_id: str) -> Answer:
    """Lists are null until the chart of accounts has been read."""
    company = world.company(company_id)
    world.reads.refresh(company)
    is_read = "lastSuccessfulSync" in (company.datasets or {}).get("chartOfAccounts", {})
    lists = expense_mapping() if is_read else dict.fromkeys(("accounts", "trackingCategories", "taxRates"))
    return json_answer({"expenseProvider": PARTNER_NAME, **lists})
