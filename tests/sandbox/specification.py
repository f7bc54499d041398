"""Codat's published specifications as validators of what the sandbox says."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from tests.leftout import specifications

REST_SPECIFICATIONS = ("platform", "bill-pay-sync", "bill-pay-async", "expenses")

# What any operation may answer in practice, listed or not.
REFUSALS = ("400", "405", "409", "411", "415", "422")


@cache
def load(name: str) -> dict[str, Any]:
    return json.loads((specifications() / f"{name}.json").read_text())


def amended(name: str) -> dict[str, Any]:
    """The specification with what its documentation says otherwise.

    Every operation may refuse, a data type that was never read has no status, and a page holds up to 5,000.
    """
    specification = json.loads(json.dumps(load(name)))
    for schema in specification["components"]["schemas"].values():
        if "currentStatus" in schema.get("required", ()):
            schema["required"].remove("currentStatus")
        schema.get("properties", {}).get("pageSize", {}).pop("maximum", None)
    for path in specification["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                for status in REFUSALS:
                    operation["responses"].setdefault(status, operation["responses"]["401"])
    return specification


def operations(name: str) -> list[tuple[str, str, str]]:
    """(method, path template, operation id) of every operation."""
    return [
        (method.upper(), path, operation["operationId"])
        for path, item in load(name)["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    ]


def check_answer(name: str, method: str, target: str, status: int, body: bytes) -> str:
    """The id of the operation; raises AssertionError or ValidationError when this answer is not in its contract."""
    operation_id, operation = _operation(name, method, target.split("?")[0])
    assert str(status) in operation["responses"], f"{operation_id} lists no {status}"
    response = _resolved(name, operation["responses"][str(status)])
    content = response.get("content", {}).get("application/json")
    if content is None:
        assert body == b"", f"{operation_id} {status} has no body"
    else:
        _validator(name, json.dumps(content["schema"])).validate(json.loads(body))
    return operation_id


def check_event(event: dict[str, Any]) -> None:
    """Raises ValidationError when the event is not as published."""
    webhooks = load("webhooks")["webhooks"]
    name = event["eventType"]
    if name not in webhooks:
        name = re.sub(r"^[^.]+\.write\.", "{dataType}.write.", name)
    schema = webhooks[name]["post"]["requestBody"]["content"]["application/json"]["schema"]
    _validator("webhooks", json.dumps(schema)).validate(event)


@cache
def _validator(name: str, schema: str) -> Any:
    components = load(name)["components"]
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": components}, validate_formats=True)


def _operation(name: str, method: str, path: str) -> tuple[str, dict[str, Any]]:
    for template, item in load(name)["paths"].items():
        if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            operation = item[method.lower()]
            return operation["operationId"], operation
    raise AssertionError(f"{name} knows no {method} {path}")


def _resolved(name: str, value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = load(name)
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value
