"""Orders of the control API that make something happen: at Link, at the software, in bulk."""

from __future__ import annotations

import itertools
from typing import Any

from sandbox import events, lifecycle, validate
from sandbox.datatypes import STATUSES as READ_STATUSES
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.platforms import PLATFORMS
from sandbox.routing import control
from sandbox.shapes import connection_json, reference_json
from sandbox.store import DEAUTHORIZED, LINKED, PENDING, STATUSES, UNLINKED, Company, Connection, linked, new_id
from sandbox.world import World

EVENT_OF_STATUS = {
    PENDING: "connection.created",
    LINKED: "connection.connected",
    UNLINKED: "connection.disconnected",
    DEAUTHORIZED: "connection.disconnected",
}
MOST_RETURNED = 5_000  # companies that `fill` tells about


@control.route("POST", "/_sandbox/connections/{connection_id}/{act}")
def act_on_connection(world: World, request: Request, connection_id: str, act: str) -> Answer:
    connection, told = world.any_connection(connection_id), request.json_object()
    if act == "authorise":
        lifecycle.authorise(world, connection, organisation=told.get("organisation"), reads=told.get("reads", True))
    elif act == "cancel":
        lifecycle.fail(world, connection, code="403", text="User cancelled linking", message="User cancelled")
    elif act == "fail":
        message = told.get("message") or "Unknown error occurred"
        lifecycle.fail(world, connection, code="500", text=message, message="Unknown error occurred")
    elif act == "deauthorise":
        lifecycle.deauthorise(world, connection)
    elif act == "unlink":
        lifecycle.unlink(world, connection)
    elif act == "delete":
        lifecycle.delete_connection(world, connection)
    elif act == "write":
        events.tell_write(world, connection, told["data_type"], is_successful=told["is_successful"])
    elif act == "drift":
        _drift(world, connection, told.get("status"))
    elif act == "show":
        connection.shown_status = told.get("status")
    else:
        raise ApiError(404, f"No such act: {act}.")
    return empty_answer(204)


def _drift(world: World, connection: Connection, status: Any) -> None:
    """Another status, and nobody is told."""
    if status not in STATUSES:
        raise ApiError(400, f"Statuses are {', '.join(STATUSES)}.")
    world.store.set_status(connection, status)


@control.route("POST", "/_sandbox/companies")
def create_company(world: World, request: Request) -> Answer:
    """A company that somebody made elsewhere."""
    told = request.json_object()
    company = lifecycle.create_company(world, validate.name(told.get("name")), "", validate.tags(told.get("tags")))
    return json_answer({"id": company.id})


@control.route("POST", "/_sandbox/companies/{company_id}/connections")
def create_connection(world: World, request: Request, company_id: str) -> Answer:
    """A connection that somebody made elsewhere; no rule is asked."""
    key = request.json_object().get("platformKey")
    if key not in PLATFORMS:
        raise ApiError(400, f"No platform {key}.")
    return json_answer({"id": lifecycle.create_connection(world, world.company(company_id), key).id})


@control.route("POST", "/_sandbox/companies/{company_id}/delete")
def delete_company(world: World, request: Request, company_id: str) -> Answer:
    lifecycle.delete_company(world, world.company(company_id))
    return empty_answer(204)


@control.route("POST", "/_sandbox/companies/{company_id}/expenseSync")
def sync_expenses(world: World, request: Request, company_id: str) -> Answer:
    successful = request.json_object().get("is_successful", True)
    events.tell_expense_sync(world, world.company(company_id), is_successful=successful)
    return empty_answer(204)


@control.route("POST", "/_sandbox/companies/{company_id}/reads")
def order_reads(world: World, request: Request, company_id: str) -> Answer:
    """Where the reads of each data type stand; when all have an end, they end now."""
    company, told = world.company(company_id), request.json_object()
    default, outcomes = told.get("status", "Complete"), told.get("types", {})
    if not {default, *outcomes.values()} <= READ_STATUSES:
        raise ApiError(400, f"Statuses are {', '.join(sorted(READ_STATUSES))}.")
    readable = [connection for connection in company.connections if not connection.is_partner]
    if not readable:
        raise ApiError(400, "The company has no connection to read from.")
    world.reads.order(company, (linked(readable) or readable)[0], default, outcomes)
    return empty_answer(204)


@control.route("POST", "/_sandbox/emit")
def emit(world: World, request: Request) -> Answer:
    """Any event, signed and delivered like a true one, to every consumer."""
    told = request.json_object()
    payload = told.get("payload", {})
    tags = payload.get("tags") or (payload.get("referenceCompany") or {}).get("tags") or {}
    message_id = events.emit(
        world,
        told["event_type"],
        payload,
        tags=tags,
        message_id=told.get("message_id"),
        generated_at=told.get("generated_at"),
        is_for_all=True,
    )
    return json_answer({"messageId": message_id})


@control.route("POST", "/_sandbox/storm")
def storm(world: World, request: Request) -> Answer:
    """Many events at once, each telling the present status of some connection."""
    count = int(request.json_object().get("count", 0))
    connections = list(world.store.connections.values())
    for number in range(count):
        if connections:
            connection = connections[number % len(connections)]
            company = world.store.companies[connection.company_id]
            payload = {"referenceCompany": reference_json(company), "connection": connection_json(world, connection)}
            events.emit(world, EVENT_OF_STATUS[connection.status], payload, tags=company.tags)
        else:
            facts = {"dailyQuota": world.quota.limit, "quotaRemaining": world.quota.remaining, "expiryDate": None}
            events.emit(world, "client.rateLimit.reset", facts)
    return empty_answer(204)


@control.route("POST", "/_sandbox/fill")
def fill(world: World, request: Request) -> Answer:
    """Many companies with connections, made silently. Statuses and platforms take turns.

    The first connection of a company is its accounting one; `connections_per_company` above one
    adds partner expense connections to as many companies as make the average.
    """
    told = request.json_object()
    uids = told.get("uids") or [new_id() for _ in range(int(told.get("count", 0)))]
    statuses = itertools.cycle(_listed(told.get("status", LINKED)))
    platforms = itertools.cycle(_listed(told.get("platform", ["qhyg", "gbol", "akxx", "fbrh"])))
    average, made_so_far, created = float(told.get("connections_per_company", 1.2)), 0, world.clock.stamp()
    made = []
    for number, uid in enumerate(uids, start=1):
        wanted = round(average * number) - made_so_far
        made_so_far += wanted
        made.append(_filled(world, number, str(uid), wanted, statuses, platforms, created))
    told_about = [{"id": c.id, "uid": c.tags["uid"], "connections": [n.id for n in c.connections]} for c in made]
    return json_answer({"count": len(made), "companies": told_about[:MOST_RETURNED]})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _filled(
    world: World,
    number: int,
    uid: str,
    wanted: int,
    statuses: itertools.cycle[str],
    platforms: itertools.cycle[str],
    created: str,
) -> Company:
    company = Company(new_id(), f"Filled company {number}", "", created, list(world.settings.products), {"uid": uid})
    for position in range(wanted):
        key, status = (next(platforms), next(statuses)) if position == 0 else ("", LINKED)
        connection = Connection(new_id(), company.id, key, status, created)
        if status != PENDING:
            connection.organisation = company.name
            connection.last_sync = company.last_sync = created
        company.connections.append(connection)
    world.store.add_company(company)
    return company
