"""Companies, their products and their access tokens."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from operator import attrgetter

from sandbox import events, lifecycle, paging, query, shapes, validate
from sandbox.errors import ApiError, company_limit
from sandbox.exchange import Answer, Request, empty_answer, json_answer
from sandbox.routing import api
from sandbox.store import Company
from sandbox.world import World

TOKEN_SECONDS = 86_400

READERS: paging.Readers = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "description": attrgetter("description"),
    "created": attrgetter("created"),
    "lastSync": attrgetter("last_sync"),
    "products": attrgetter("products"),
    "platform": lambda company: "",
    "redirect": lambda company: None,
    "createdByUserName": lambda company: None,
    "dataConnections": lambda company: [connection.id for connection in company.connections],
    "dataConnections.id": lambda company: [connection.id for connection in company.connections],
    "dataConnections.status": lambda company: [connection.status for connection in company.connections],
    "dataConnections.created": lambda company: [connection.created for connection in company.connections],
    "dataConnections.lastSync": lambda company: [c.last_sync for c in company.connections if c.last_sync],
    "dataConnections.integrationKey": lambda company: [c.platform_key for c in company.connections],
    "dataConnections.platformName": lambda company: [shapes.describe(c)[0] for c in company.connections],
    "dataConnections.sourceType": lambda company: [shapes.source_type(c) for c in company.connections],
}

_ONE_UID = re.compile(r"^\s*uid\s*=\s*([^&|{}!=~<>]+?)\s*$")


@api.route("GET", "/companies")
def list_companies(world: World, request: Request) -> Answer:
    companies = _selected(world, request)
    page = paging.page_of(
        request,
        companies,
        lambda company: shapes.company_json(world, company, with_password=False),
        endless=world.settings.endless_pages,
    )
    if world.settings.moving_rows:
        world.store.move_first_to_end(world.settings.moving_rows)
    return json_answer(page)


def _selected(world: World, request: Request) -> Sequence[Company]:
    """What the filters keep, in the order asked for. All of them are sorted once, not once for each page."""

    def select() -> Sequence[Company]:
        return paging.select(request, _tagged(world, request.query.get("tags", "")), "Company", READERS)

    is_filtered = any(request.query.get(name, "").strip() for name in ("tags", "query"))
    order = request.query.get("orderBy", "").strip()
    return select() if is_filtered or not order else world.store.sorted_once(order, select)


def _tagged(world: World, tags: str) -> Sequence[Company]:
    """The companies that a `tags` filter keeps; one `uid=…` is a look-up."""
    if not tags.strip():
        return world.store.ordered()
    one = _ONE_UID.match(tags)
    if one:
        return world.store.with_uid(one[1])
    keep = query.compile_query(tags, _tag_values, operators=("=", "!=", "~"))
    return [company for company in world.store.ordered() if keep(company)]


def _tag_values(company: Company, key: str) -> list[str]:
    value = company.tags.get(key)
    return [] if value is None else [value]


@api.route("POST", "/companies")
def create_company(world: World, request: Request) -> Answer:
    """Answers 200. Names need not be unique."""
    asked = request.json_object()
    name, description = validate.name(asked.get("name")), validate.description(asked.get("description"))
    tags, products = validate.tags(asked.get("tags")), validate.products(asked.get("products"))
    limit = world.settings.company_limit
    if limit is not None and len(world.store.companies) >= limit:
        raise company_limit()
    company = lifecycle.create_company(world, name, description, tags, products)
    return json_answer(shapes.company_json(world, company))


@api.route("GET", "/companies/{company_id}")
def get_company(world: World, request: Request, company_id: str) -> Answer:
    return json_answer(shapes.company_json(world, world.company(company_id)))


@api.route("PUT", "/companies/{company_id}")
def replace_company(world: World, request: Request, company_id: str) -> Answer:
    """What is left out is erased."""
    company, asked = world.company(company_id), request.json_object()
    name, description = validate.name(asked.get("name")), validate.description(asked.get("description"))
    tags = validate.tags(asked.get("tags"))
    company.name, company.description = name, description
    world.store.retag(company, tags)
    return json_answer(shapes.company_json(world, company))


@api.route("PATCH", "/companies/{company_id}")
def update_company(world: World, request: Request, company_id: str) -> Answer:
    """Null or missing changes nothing; a sent `tags` object is the new set."""
    company, asked = world.company(company_id), request.json_object()
    name = validate.name(asked["name"]) if asked.get("name") is not None else company.name
    description = validate.description(asked.get("description", company.description))
    tags = validate.tags(asked["tags"]) if asked.get("tags") is not None else company.tags
    company.name = name
    company.description = description if asked.get("description") is not None else company.description
    world.store.retag(company, tags)
    return json_answer(shapes.company_json(world, company))


@api.route("DELETE", "/companies/{company_id}")
def delete_company(world: World, request: Request, company_id: str) -> Answer:
    lifecycle.delete_company(world, world.company(company_id))
    return empty_answer(204)


@api.route("PUT", "/companies/{company_id}/products/{product}")
def add_product(world: World, request: Request, company_id: str, product: str) -> Answer:
    company = world.company(company_id)
    if product not in company.products:
        company.products.append(product)
        world.store.version += 1
        events.tell_product(world, "company.product.added", company, product)
    return empty_answer(204)


@api.route("DELETE", "/companies/{company_id}/products/{product}")
def remove_product(world: World, request: Request, company_id: str, product: str) -> Answer:
    company = world.company(company_id)
    if product not in company.products:
        raise ApiError(404, f"Product {product} not found")
    company.products.remove(product)
    world.store.version += 1
    events.tell_product(world, "company.product.removed", company, product)
    return empty_answer(204)


@api.route("POST", "/companies/{company_id}/products/{product}/refresh")
def refresh_product(world: World, request: Request, company_id: str, product: str) -> Answer:
    """Only custom products can be refreshed, and this client has none."""
    world.company(company_id)
    raise ApiError(400, f"Product {product} is a standard product and cannot be refreshed.")


@api.route("GET", "/companies/{company_id}/accessToken")
def access_token(world: World, request: Request, company_id: str) -> Answer:
    """For the embedded SDKs: one company, one day. The token is for show and opens nothing."""
    claims = {"companyId": world.company(company_id).id, "exp": int(world.clock.seconds()) + TOKEN_SECONDS}
    token = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return json_answer({"expiresIn": TOKEN_SECONDS, "accessToken": f"sandbox.{token}", "tokenType": "Bearer"})
