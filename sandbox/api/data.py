"""Reads of a company's data: asking for them, their state and history, and what they brought."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from sandbox import paging
from sandbox.datatypes import DATA_TYPES
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.ledger import company_info, customers, suppliers
from sandbox.routing import api
from sandbox.store import Company, Connection, linked
from sandbox.world import World

PULL_READERS: paging.Readers = {
    "id": itemgetter("id"),
    "companyId": itemgetter("companyId"),
    "connectionId": itemgetter("connectionId"),
    "dataType": itemgetter("dataType"),
    "status": itemgetter("status"),
    "requested": itemgetter("requested"),
    "progress": itemgetter("progress"),
    "completed": lambda pull: pull.get("completed"),
    "statusDescription": lambda pull: pull.get("statusDescription"),
    "errorMessage": lambda pull: pull.get("errorMessage"),
}


@api.route("POST", "/companies/{company_id}/data/all")
def refresh_all(world: World, request: Request, company_id: str) -> Answer:
    """Queues every data type that is fetched on first link, for every Linked connection that can be read."""
    company = world.company(company_id)
    for connection in _readable(company):
        world.reads.start(company, connection, is_initial=False)
    return empty_answer(204)


@api.route("POST", "/companies/{company_id}/data/queue/{data_type}")
def refresh_one(world: World, request: Request, company_id: str, data_type: str) -> Answer:
    company, wanted = world.company(company_id), request.query.get("connectionId", "").lower()
    if data_type not in DATA_TYPES:
        raise ApiError(404, f"Datatype {data_type} not supported by platform(s) of this company")
    readable = [connection for connection in _readable(company) if wanted in ("", connection.id)]
    if not readable:
        raise ApiError(404, f"Data connection {wanted} not found")
    if world.reads.is_reading(company, data_type):
        raise ApiError(400, f"DatasetAlreadyInProgressException: {data_type} is being read.", service="PullApi")
    started = world.reads.start(company, readable[0], is_initial=False, types=[data_type])
    return json_answer(started[0])


def _readable(company: Company) -> list[Connection]:
    readable = [connection for connection in linked(company.connections) if not connection.is_partner]
    if not readable:
        raise ApiError(400, "The company has no linked connection to read from.", service="PullApi")
    return readable


@api.route("GET", "/companies/{company_id}/dataStatus")
def data_status(world: World, request: Request, company_id: str) -> Answer:
    """A data type that was never read shows nothing but its name."""
    company = world.company(company_id)
    world.reads.refresh(company)
    settings = (company.sync_settings or world.sync_settings)["settings"]
    shown: dict[str, Any] = {setting["dataType"]: {"dataType": setting["dataType"]} for setting in settings}
    return json_answer(shown | (company.datasets or {}))


@api.route("GET", "/companies/{company_id}/data/history")
def list_history(world: World, request: Request, company_id: str) -> Answer:
    company = world.company(company_id)
    world.reads.refresh(company)
    newest_first = list(reversed(company.pulls or []))
    pulls = paging.select(request, newest_first, "Dataset", PULL_READERS)
    return json_answer(paging.page_of(request, pulls, lambda pull: pull))


@api.route("GET", "/companies/{company_id}/data/history/{dataset_id}")
def get_history(world: World, request: Request, company_id: str, dataset_id: str) -> Answer:
    return json_answer(_pull(world, company_id, dataset_id))


@api.route("GET", "/companies/{company_id}/sync/{dataset_id}/validation")
def validation(world: World, request: Request, company_id: str, dataset_id: str) -> Answer:
    _pull(world, company_id, dataset_id)
    return json_answer({"errors": [], "warnings": []})


def _pull(world: World, company_id: str, dataset_id: str) -> dict[str, Any]:
    company = world.company(company_id)
    world.reads.refresh(company)
    for pull in company.pulls or []:
        if pull["id"] == dataset_id.lower():
            return pull
    raise ApiError(404, f"No dataset was found with ID {dataset_id}", service="PullApi")


@api.route("GET", "/companies/{company_id}/data/info")
def info(world: World, request: Request, company_id: str) -> Answer:
    company = world.company(company_id)
    _need_read(world, company, "company")
    return json_answer(company_info(company))


@api.route("GET", "/companies/{company_id}/data/customers")
def list_customers(world: World, request: Request, company_id: str) -> Answer:
    return _records(world, request, company_id, "customers", customers)


@api.route("GET", "/companies/{company_id}/data/suppliers")
def list_suppliers(world: World, request: Request, company_id: str) -> Answer:
    return _records(world, request, company_id, "suppliers", suppliers)


def _records(
    world: World, request: Request, company_id: str, data_type: str, make: Callable[[Company], list[dict]]
) -> Answer:
    company = world.company(company_id)
    _need_read(world, company, data_type)
    records = make(company)
    readers = {name: itemgetter(name) for name in records[0]}
    selected = paging.select(request, records, data_type.capitalize(), readers)
    return json_answer(paging.page_of(request, selected, lambda record: record))


def _need_read(world: World, company: Company, data_type: str) -> None:
    """Raises a 409 refusal when this data type was never read."""
    world.reads.refresh(company)
    dataset = (company.datasets or {}).get(data_type, {})
    if "lastSuccessfulSync" not in dataset:
        raise ApiError(409, is_client_fault=False)
