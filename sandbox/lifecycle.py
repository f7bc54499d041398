"""What can happen to companies and connections. Each act changes the state and announces it.

Every function needs the world's lock. Which acts a caller may ask for is the caller's rule:
the API refuses a second active accounting connection, an order of the control API does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import events
from sandbox.store import (
    DEAUTHORIZED,
    LINKED,
    PENDING,
    UNLINKED,
    Company,
    Connection,
    new_id,
)

if TYPE_CHECKING:
    from sandbox.world import World

REVOKED = "The integration de-authorized access to the connection."


def create_company(
    world: World, name: str, description: str, tags: dict[str, str], products: list[str] | None = None
) -> Company:
    company = Company(
        id=new_id(),
        name=name,
        description=description,
        created=world.clock.stamp(),
        products=list(products if products is not None else world.settings.products),
        tags=tags,
    )
    world.store.add_company(company)
    events.tell_company(world, "company.created", company)
    return company


def delete_company(world: World, company: Company) -> None:
    for connection in company.connections:
        world.reads.stop(connection, "Cancelled")
        if world.settings.connection_events_on_company_delete:
            events.tell_connection(world, "connection.deleted", connection)
    events.tell_company(world, "company.deleted", company)
    world.store.remove_company(company)


def create_connection(world: World, company: Company, platform_key: str) -> Connection:
    connection = Connection(new_id(), company.id, platform_key, PENDING, world.clock.stamp())
    world.store.add_connection(company, connection)
    events.tell_connection(world, "connection.created", connection)
    return connection


def create_partner(world: World, company: Company) -> Connection:
    """The partner expense connection is born Linked. Asking again makes another one."""
    connection = Connection(new_id(), company.id, "", LINKED, world.clock.stamp())
    world.store.add_connection(company, connection)
    if world.settings.partner_events:
        events.tell_connection(world, "connection.created", connection)
        events.tell_connection(world, "connection.connected", connection)
    return connection


def authorise(world: World, connection: Connection, *, organisation: str | None = None, reads: bool = True) -> None:
    """The customer gave access: Linked, announced, and the first read begins."""
    is_new = connection.status == PENDING
    company = world.store.companies[connection.company_id]
    connection.organisation = organisation or connection.organisation or company.name
    connection.errors = None
    world.store.set_status(connection, LINKED)
    events.tell_connection(world, "connection.connected" if is_new else "connection.reconnected", connection)
    if reads:
        world.reads.stop(connection, "Cancelled")
        world.reads.start(company, connection, is_initial=True)


def fail(world: World, connection: Connection, *, code: str, text: str, message: str) -> None:
    """The customer did not finish: the status stays as it is and the reason is kept."""
    connection.errors = [*(connection.errors or []), _error(world, code, text, message)]
    world.store.version += 1
    events.tell_connection(world, "connection.failed", connection)


def deauthorise(world: World, connection: Connection) -> None:
    """Access was taken away outside Codat."""
    connection.errors = [*(connection.errors or []), _error(world, "401", REVOKED, REVOKED)]
    _disconnect(world, connection, DEAUTHORIZED, reads_end="AuthError")


def unlink(world: World, connection: Connection) -> None:
    _disconnect(world, connection, UNLINKED, reads_end="Cancelled")


def delete_connection(world: World, connection: Connection) -> None:
    """Gone for good; the event shows the last status."""
    world.reads.stop(connection, "Cancelled")
    events.tell_connection(world, "connection.deleted", connection)
    company = world.store.companies[connection.company_id]
    world.store.remove_connection(company, connection)


def _disconnect(world: World, connection: Connection, status: str, *, reads_end: str) -> None:
    world.reads.stop(connection, reads_end)
    world.store.set_status(connection, status)
    events.tell_connection(world, "connection.disconnected", connection)


def _error(world: World, code: str, text: str, message: str) -> dict:
    return {
        "statusCode": code,
        "statusText": text,
        "errorMessage": message,
        "erroredOnUtc": world.clock.stamp(),
        "status": "Active",
    }
