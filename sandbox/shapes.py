"""How companies and connections look in answers and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.platforms import PARTNER_IDS, PARTNER_NAME, PLATFORMS
from sandbox.store import Company, Connection

if TYPE_CHECKING:
    from sandbox.world import World

EXTRA = {"addedLater": {"by": "Codat", "values": [1, None, "three"]}}


def company_json(world: World, company: Company, *, with_password: bool = True) -> dict[str, Any]:
    """A company as the API shows it. Lists show link addresses without one-time passwords."""
    shown: dict[str, Any] = {
        "id": company.id,
        "name": company.name,
        "description": company.description,
        "platform": "",
        "redirect": world.links.company_url(company, with_password=with_password),
        "dataConnections": [
            connection_json(world, connection, with_password=with_password) for connection in company.connections
        ],
        "created": company.created,
        "createdByUserName": None,
        "products": company.products,
        "tags": company.tags,
        "ownerUserIds": [],
        "referenceSubsidiaryCompanies": [],
    }
    if company.last_sync:
        shown["lastSync"] = company.last_sync
    if world.settings.extra_fields:
        shown |= EXTRA
    return shown


def connection_json(world: World, connection: Connection, *, with_password: bool = True) -> dict[str, Any]:
    """A connection as the API shows it."""
    name, source_type, (integration_id, source_id) = describe(connection)
    shown: dict[str, Any] = {
        "id": connection.id,
        "integrationId": integration_id,
        "integrationKey": connection.platform_key,
        "sourceId": source_id,
        "platformName": name,
        "linkUrl": world.links.connection_url(connection, with_password=with_password),
        "status": connection.shown_status or connection.status,
        "created": connection.created,
        "sourceType": source_type,
    }
    if connection.is_partner or not world.settings.integration_key:
        del shown["integrationKey"]
    if connection.last_sync:
        shown["lastSync"] = connection.last_sync
    if connection.errors is not None:
        shown["dataConnectionErrors"] = connection.errors
        shown["connectionInfo"] = None
    if world.settings.extra_fields:
        shown |= EXTRA
    return shown


def describe(connection: Connection) -> tuple[str, str, tuple[str, str]]:
    """(platform name, source type, (integration id, source id))"""
    if connection.is_partner:
        return PARTNER_NAME, "Expense", PARTNER_IDS
    platform = PLATFORMS[connection.platform_key]
    return platform.name, platform.source_type, platform.ids()


def source_type(connection: Connection) -> str:
    return describe(connection)[1]


def reference_json(company: Company) -> dict[str, Any]:
    """The company as events about its connections and reads name it."""
    return {
        "id": company.id,
        "name": company.name,
        "description": company.description,
        "links": {"portal": f"https://app.codat.io/companies/{company.id}/summary"},
        "tags": company.tags,
    }


def company_event_json(world: World, company: Company) -> dict[str, Any]:
    """The company as `company.created` and `company.deleted` show it: without connections."""
    shown = company_json(world, company)
    kept = ("id", "name", "description", "redirect", "created", "createdByUserName", "products", "tags")
    return {name: shown[name] for name in kept} | {"lastSync": company.last_sync}
