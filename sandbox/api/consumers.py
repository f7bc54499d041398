"""Webhook consumers. The signing secret is never told here: in real life only the Codat portal shows it."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.consumers import Consumer
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.routing import api
from sandbox.store import new_id
from sandbox.world import World

MOST_CONSUMERS, MOST_TAGS, LONGEST_TAG = 50, 10, 128


@api.route("GET", "/webhooks")
def list_consumers(world: World, request: Request) -> Answer:
    """All at once, without pages."""
    return json_answer({"results": [consumer.shown() for consumer in world.webhooks.consumers.values()]})


@api.route("POST", "/webhooks")
def create_consumer(world: World, request: Request) -> Answer:
    asked = request.json_object()
    url, types, tags = asked.get("url"), asked.get("eventTypes"), asked.get("companyTags") or []
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise ApiError(400, "url is required.")
    if not _is_texts(types) or not types:
        raise ApiError(400, "At least one event type is required.")
    if not _is_texts(tags) or len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG or ":" not in tag for tag in tags):
        raise ApiError(400, "companyTags is not valid.")
    disabled = asked.get("disabled") or False
    if not isinstance(disabled, bool):
        raise ApiError(400, "disabled is not valid.")
    if len(world.webhooks.consumers) >= MOST_CONSUMERS:
        raise ApiError(400, f"There are at most {MOST_CONSUMERS} webhook consumers.")
    consumer = Consumer(new_id(), url, types, tags, disabled)
    world.webhooks.add(consumer)
    world.store.version += 1
    return json_answer(consumer.shown(), 201)


@api.route("DELETE", "/webhooks/{consumer_id}")
def delete_consumer(world: World, request: Request, consumer_id: str) -> Answer:
    if consumer_id.lower() not in world.webhooks.consumers:
        raise ApiError(404, f"No webhook consumer was found with ID {consumer_id}")
    world.webhooks.remove(consumer_id.lower())
    world.store.version += 1
    return empty_answer(204)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
