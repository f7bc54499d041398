"""The control API under /_sandbox/: looking inside, and ordering how the sandbox behaves."""

from __future__ import annotations

import re
from typing import Any

from sandbox.consumers import Manner
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.platforms import PLATFORMS
from sandbox.routing import control
from sandbox.signature import is_secret
from sandbox.store import Company, Connection
from sandbox.world import World

QUOTA_FIELDS = {"daily", "per_minute", "concurrent", "retry_after", "retry_after_as_date", "reset_as_date", "used"}


@control.route("GET", "/_sandbox/requests")
def list_requests(world: World, request: Request) -> Answer:
    """The API requests; `path` is a regular expression found anywhere in path?query."""
    method, path = request.query.get("method", "").upper(), request.query.get("path", "")
    entries = [
        entry
        for entry in world.log.entries()
        if (not method or entry.method == method) and (not path or re.search(path, entry.target))
    ]
    return json_answer([entry.shown() for entry in entries])


@control.route("DELETE", "/_sandbox/requests")
def forget_requests(world: World, request: Request) -> Answer:
    world.log.clear()
    return empty_answer(204)


@control.route("GET", "/_sandbox/counts")
def counts(world: World, request: Request) -> Answer:
    numbers: dict[str, Any] = dict(world.log.counts)
    numbers |= {"companies": len(world.store.companies), "connections": len(world.store.connections)}
    numbers |= {"activeCompanies": world.store.active_companies, "waitingDeliveries": world.webhooks.waiting()}
    return json_answer(numbers)


@control.route("GET", "/_sandbox/state")
def state(world: World, request: Request) -> Answer:
    """Every company with its connections, as they truly are."""
    return json_answer([_company(company) for company in world.store.ordered()])


@control.route("GET", "/_sandbox/connections/{connection_id}")
def one_connection(world: World, request: Request, connection_id: str) -> Answer:
    return json_answer(_connection(world.any_connection(connection_id)))


def _company(company: Company) -> dict[str, Any]:
    return {
        "id": company.id,
        "name": company.name,
        "description": company.description,
        "created": company.created,
        "lastSync": company.last_sync,
        "products": company.products,
        "tags": company.tags,
        "connections": [_connection(connection) for connection in company.connections],
    }


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "companyId": connection.company_id,
        "platformKey": connection.platform_key,
        "isPartner": connection.is_partner,
        "status": connection.status,
        "created": connection.created,
        "lastSync": connection.last_sync,
        "organisation": connection.organisation,
        "errors": connection.errors or [],
    }


@control.route("GET", "/_sandbox/settings")
def get_settings(world: World, request: Request) -> Answer:
    return json_answer(vars(world.settings))


@control.route("POST", "/_sandbox/settings")
def set_settings(world: World, request: Request) -> Answer:
    """Any switch by its name; `redirect_url` too, which lives in the profile."""
    changes = request.json_object()
    if "redirect_url" in changes:
        world.profile["redirectUrl"] = changes.pop("redirect_url")
    world.settings.update(changes)
    world.webhooks.secret = world.settings.webhook_secret
    world.clock.is_mixed = world.settings.mixed_timestamps
    world.store.version += 1
    return empty_answer(204)


@control.route("POST", "/_sandbox/rules")
def add_rule(world: World, request: Request) -> Answer:
    world.rules.add(request.json_object())
    return empty_answer(204)


@control.route("DELETE", "/_sandbox/rules")
def clear_rules(world: World, request: Request) -> Answer:
    world.rules.clear()
    return empty_answer(204)


@control.route("GET", "/_sandbox/quota")
def get_quota(world: World, request: Request) -> Answer:
    quota = world.quota
    return json_answer({"limit": quota.limit, "remaining": quota.remaining, "used": quota.used})


@control.route("POST", "/_sandbox/quota")
def set_quota(world: World, request: Request) -> Answer:
    changes = request.json_object()
    if not changes.keys() <= QUOTA_FIELDS:
        raise ApiError(400, f"Known are {', '.join(sorted(QUOTA_FIELDS))}.")
    for name, value in changes.items():
        setattr(world.quota, name, value)
    return empty_answer(204)


@control.route("POST", "/_sandbox/clock")
def set_clock(world: World, request: Request) -> Answer:
    world.clock.shift(float(request.json_object().get("offset_seconds", 0)))
    world.quota.roll()
    return empty_answer(204)


@control.route("POST", "/_sandbox/platforms/{key}")
def set_platform(world: World, request: Request, key: str) -> Answer:
    if key not in PLATFORMS:
        raise ApiError(404, f"No platform {key}.")
    world.enabled[key] = bool(request.json_object().get("enabled"))
    world.store.version += 1
    return empty_answer(204)


@control.route("GET", "/_sandbox/webhooks")
def get_webhooks(world: World, request: Request) -> Answer:
    """Consumers, every attempt to deliver, and every event announced."""
    hooks = world.webhooks
    events = [{"messageId": event.message_id, "eventType": event.event_type} for event in hooks.events]
    consumers = [consumer.shown() for consumer in hooks.consumers.values()]
    return json_answer({"consumers": consumers, "attempts": list(hooks.attempts), "events": events})


@control.route("POST", "/_sandbox/webhooks")
def set_webhooks(world: World, request: Request) -> Answer:
    """Endpoint and secret if given; the manner of delivery as a whole."""
    changes, hooks = request.json_object(), world.webhooks
    secret, url = changes.pop("secret", None), changes.pop("url", None)
    if secret is not None and not is_secret(secret):
        raise ApiError(400, "The secret must be whsec_ followed by base64.")
    try:
        manner = Manner(**changes)
    except TypeError:
        raise ApiError(400, f"Known are url, secret, {', '.join(vars(Manner()))}.") from None
    hooks.manner = manner
    hooks.secret = world.settings.webhook_secret = secret or hooks.secret
    if url is not None:
        world.set_webhook_url(url)
    for consumer in list(hooks.consumers.values()):
        hooks.enable(consumer.id)
    return empty_answer(204)


@control.route("POST", "/_sandbox/replay")
def replay(world: World, request: Request) -> Answer:
    """Sends again what was missed, or with `everything` all events so far, under the same message ids."""
    everything = bool(request.json_object().get("everything"))
    return json_answer({"sent": world.webhooks.replay(only_missed=not everything)})


@control.route("POST", "/_sandbox/settle")
def settle(world: World, request: Request) -> Answer:
    """Waits until no delivery is on its way or due."""
    timeout_seconds = float(request.json_object().get("timeout_seconds", 10))
    return json_answer({"idle": world.webhooks.wait_until_idle(timeout_seconds)})
