"""Integrations and their branding."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any

from sandbox import paging
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, json_answer
from sandbox.platforms import PLATFORMS, Platform
from sandbox.routing import api
from sandbox.store import LINKED
from sandbox.world import World

READERS: paging.Readers = {
    name: itemgetter(name)
    for name in ("key", "name", "enabled", "sourceType", "sourceId", "integrationId", "isOfflineConnector", "isBeta")
}


@api.route("GET", "/integrations")
def list_integrations(world: World, request: Request) -> Answer:
    counts = _counts(world)
    shown = [integration_json(world, platform, counts) for platform in PLATFORMS.values()]
    return json_answer(
        paging.page_of(request, paging.select(request, shown, "Integration", READERS), lambda item: item)
    )


@api.route("GET", "/integrations/{key}")
def get_integration(world: World, request: Request, key: str) -> Answer:
    return json_answer(integration_json(world, _platform(key), _counts(world)))


@api.route("GET", "/integrations/{key}/branding")
def get_branding(world: World, request: Request, key: str) -> Answer:
    platform = _platform(key)
    source_id = platform.ids()[1].upper()

    def image(folder: str, what: str) -> dict[str, Any]:
        src = f"{world.public_url}/public/{folder}/{source_id}.png"
        return {"image": {"src": src, "alt": f"{platform.name.lower()} {what} icon"}}

    button = {}
    if platform.has_button:
        button = {
            "default": image("officialButtons/Default", "default button"),
            "hover": image("officialButtons/Hover", "hover button"),
        }
    logo = {"full": image("officialLogos/Full", "full"), "square": image("officialLogos/Square", "square")}
    return json_answer({"logo": logo, "button": button, "sourceId": platform.ids()[1]})


def _counts(world: World) -> Counter[tuple[str, bool]]:
    """How many connections there are by (platform key, whether Linked)."""
    return Counter((c.platform_key, c.status == LINKED) for c in world.store.connections.values())


def integration_json(world: World, platform: Platform, counts: Counter[tuple[str, bool]]) -> dict[str, Any]:
    integration_id, source_id = platform.ids()
    linked, others = counts[platform.key, True], counts[platform.key, False]
    return {
        "key": platform.key,
        "logoUrl": f"{world.public_url}/public/platforms/{platform.key}.png",
        "name": platform.name,
        "enabled": world.enabled[platform.key],
        "sourceId": source_id,
        "sourceType": platform.source_type,
        "integrationId": integration_id,
        "isOfflineConnector": platform.is_offline,
        "isBeta": platform.is_beta,
        "dataProvidedBy": "Codat",
        "supportedEnvironments": "LiveAndSandbox",
        "linkedConnectionsCount": linked,
        "totalConnectionsCount": linked + others,
        "datatypeFeatures": [
            {"datatype": name, "supportedFeatures": [{"featureType": "Get", "featureState": "Release"}]}
            for name in ("bills", "chartOfAccounts", "company", "suppliers")
        ],
    }


def _platform(key: str) -> Platform:
    platform = PLATFORMS.get(key)
    if platform is None:
        raise ApiError(404, f"No integration was found with key {key}", service="ClientsApi")
    return platform
