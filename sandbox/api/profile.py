"""The client's own settings: profile, sync settings, allowed origins."""

from __future__ import annotations

from typing import Any

from sandbox.datatypes import DATA_TYPES
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.routing import api
from sandbox.world import World

_PROFILE_TYPES: dict[str, type] = {
    "name": str,
    "redirectUrl": str,
    "logoUrl": str,
    "iconUrl": str,
    "whiteListUrls": list,
    "confirmCompanyName": bool,
}


@api.route("GET", "/profile")
def get_profile(world: World, request: Request) -> Answer:
    return json_answer(world.profile)


@api.route("PUT", "/profile")
def update_profile(world: World, request: Request) -> Answer:
    """Replaces every field; what is left out is emptied."""
    asked = request.json_object()
    if not isinstance(asked.get("name"), str) or not isinstance(asked.get("redirectUrl"), str):
        raise ApiError(400, "name and redirectUrl are required.", service="ClientsApi")
    for name, kind in _PROFILE_TYPES.items():
        if asked.get(name) is not None and not isinstance(asked[name], kind):
            raise ApiError(400, f"{name} is not valid.", service="ClientsApi")
    if not all(isinstance(url, str) for url in asked.get("whiteListUrls") or []):
        raise ApiError(400, "whiteListUrls is not valid.", service="ClientsApi")
    given = {name: asked.get(name) for name in _PROFILE_TYPES}
    world.profile = {name: kind() if given[name] is None else given[name] for name, kind in _PROFILE_TYPES.items()}
    world.store.version += 1
    return json_answer(world.profile)


@api.route("GET", "/profile/syncSettings")
def get_profile_sync_settings(world: World, request: Request) -> Answer:
    return json_answer({"clientId": world.client_id, **world.sync_settings})


@api.route("POST", "/profile/syncSettings")
def set_profile_sync_settings(world: World, request: Request) -> Answer:
    asked = request.json_object()
    if not isinstance(asked.get("clientId"), str):
        raise ApiError(400, "clientId is required.", service="ClientsApi")
    world.sync_settings = _sync_settings(asked)
    world.store.version += 1
    return empty_answer(204)


@api.route("GET", "/companies/{company_id}/syncSettings")
def get_company_sync_settings(world: World, request: Request, company_id: str) -> Answer:
    company = world.company(company_id)
    settings = company.sync_settings or {**world.sync_settings, "overridesDefaults": False}
    return json_answer({"companyId": company.id, **settings})


@api.route("POST", "/companies/{company_id}/syncSettings")
def set_company_sync_settings(world: World, request: Request, company_id: str) -> Answer:
    company, asked = world.company(company_id), request.json_object()
    if str(asked.get("companyId", "")).lower() != company.id:
        raise ApiError(400, "companyId is required and must be that of the address.", service="ClientsApi")
    company.sync_settings = _sync_settings(asked)
    world.store.version += 1
    return empty_answer(204)


def _sync_settings(asked: dict[str, Any]) -> dict[str, Any]:
    settings, overrides = asked.get("settings"), asked.get("overridesDefaults")
    if not isinstance(settings, list) or not isinstance(overrides, bool):
        raise ApiError(400, "settings and overridesDefaults are required.", service="ClientsApi")
    for setting in settings:
        if not isinstance(setting, dict) or setting.get("dataType") not in DATA_TYPES:
            raise ApiError(400, "dataType is not valid.", service="ClientsApi")
        if not isinstance(setting.get("fetchOnFirstLink"), bool):
            raise ApiError(400, "fetchOnFirstLink is required.", service="ClientsApi")
        if not all(type(setting.get(name)) is int for name in ("syncSchedule", "syncOrder")):
            raise ApiError(400, "syncSchedule and syncOrder are required.", service="ClientsApi")
    return {"settings": settings, "overridesDefaults": overrides}


@api.route("GET", "/corsSettings")
def get_cors(world: World, request: Request) -> Answer:
    return json_answer({"allowedOrigins": world.allowed_origins})


@api.route("POST", "/corsSettings")
def set_cors(world: World, request: Request) -> Answer:
    origins = request.json_object().get("allowedOrigins")
    if not isinstance(origins, list) or not all(isinstance(origin, str) for origin in origins):
        raise ApiError(400, "allowedOrigins is required.", service="ClientsApi")
    world.allowed_origins = origins
    world.store.version += 1
    return json_answer({"allowedOrigins": origins})
