"""Connections of a company."""

from __future__ import annotations

from operator import attrgetter

from sandbox import lifecycle, paging, shapes
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.platforms import PLATFORMS
from sandbox.routing import api
from sandbox.store import LINKED, STATUSES, UNLINKED, Company, linked
from sandbox.world import World

READERS: paging.Readers = {
    "id": attrgetter("id"),
    "status": attrgetter("status"),
    "created": attrgetter("created"),
    "lastSync": attrgetter("last_sync"),
    "integrationKey": attrgetter("platform_key"),
    "platformName": lambda connection: shapes.describe(connection)[0],
    "sourceType": shapes.source_type,
    "integrationId": lambda connection: shapes.describe(connection)[2][0],
    "sourceId": lambda connection: shapes.describe(connection)[2][1],
}


@api.route("GET", "/companies/{company_id}/connections")
def list_connections(world: World, request: Request, company_id: str) -> Answer:
    connections = paging.select(request, world.company(company_id).connections, "Connection", READERS)
    page = paging.page_of(
        request, connections, lambda connection: shapes.connection_json(world, connection, with_password=False)
    )
    return json_answer(page)


@api.route("POST", "/companies/{company_id}/connections")
def create_connection(world: World, request: Request, company_id: str) -> Answer:
    """Answers 200. Refused (400) for an unknown or disabled platform, or beside a Linked accounting connection."""
    company, key = world.company(company_id), request.json_object().get("platformKey")
    if not isinstance(key, str) or key not in PLATFORMS:
        raise ApiError(400, f"Platform key {key} is not valid.", service="ClientsApi")
    if not world.enabled[key]:
        raise ApiError(400, f"Integration {key} is not enabled.", service="ClientsApi")
    if PLATFORMS[key].source_type == "Accounting" and _active_accounting(company):
        raise ApiError(400, "The company has an active accounting connection.", service="ClientsApi")
    return json_answer(shapes.connection_json(world, lifecycle.create_connection(world, company, key)))


def _active_accounting(company: Company) -> bool:
    return any(shapes.source_type(connection) == "Accounting" for connection in linked(company.connections))


@api.route("GET", "/companies/{company_id}/connections/{connection_id}")
def get_connection(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    return json_answer(shapes.connection_json(world, world.connection(company_id, connection_id)))


@api.route("PATCH", "/companies/{company_id}/connections/{connection_id}")
def unlink_connection(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    """Only a Linked connection can be unlinked, and nothing else can be asked for."""
    connection = world.connection(company_id, connection_id)
    status = request.json_object().get("status")
    if status not in STATUSES or status != UNLINKED:
        raise ApiError(400, f"Connection status cannot be set to {status}.")
    if connection.status != LINKED:
        raise ApiError(400, f"Only linked connections can be unlinked; this one is {connection.status}.")
    lifecycle.unlink(world, connection)
    return json_answer(shapes.connection_json(world, connection))


@api.route("DELETE", "/companies/{company_id}/connections/{connection_id}")
def delete_connection(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    """Answers 200 without a body."""
    lifecycle.delete_connection(world, world.connection(company_id, connection_id))
    return empty_answer(200)


@api.route("PUT", "/companies/{company_id}/connections/{connection_id}/authorization")
def set_authorization(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    """Token migration: Linked, and no first read follows."""
    connection, given = world.connection(company_id, connection_id), request.json_object()
    if not given or not all(isinstance(value, str) for value in given.values()):
        raise ApiError(400)
    lifecycle.authorise(world, connection, reads=False)
    return json_answer(shapes.connection_json(world, connection))
