"""One HTTP request and its answer, as the rest of the sandbox sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from sandbox.errors import ApiError


class Headers(Protocol):
    """Looked up without regard to case."""

    def get(self, name: str) -> str | None: ...


class Request:
    """What was asked."""

    def __init__(self, method: str, target: str, headers: Headers, body: bytes, client_host: str) -> None:
        parts = urlsplit(target)
        self.method = method
        self.target = target
        self.path = parts.path.rstrip("/") or "/"
        self.raw_query = parts.query
        self.headers = headers
        self.body = body
        self.client_host = client_host

    @cached_property
    def query(self) -> dict[str, str]:
        """The query string; of a repeated name the last value."""
        return {name: values[-1] for name, values in parse_qs(self.raw_query, keep_blank_values=True).items()}

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a submitted page."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}

    def header(self, name: str) -> str:
        return self.headers.get(name) or ""

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises a 400 or 415 refusal when it is none."""
        if self.header("Content-Type").split(";")[0].strip().lower() not in {"application/json", "text/json"}:
            raise ApiError(415)
        try:
            value = json.loads(self.body)
        except ValueError:
            raise ApiError(400, "Error processing request - the body is not valid JSON.") from None
        if not isinstance(value, dict):
            raise ApiError(400, "Error processing request - the body is not a JSON object.")
        return value


@dataclass(slots=True)
class Answer:
    """What is answered, and whether it arrives: `fate` is send, lose, half or reset."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = "send"

    def copy(self) -> Answer:
        return Answer(self.status, self.body, dict(self.headers), self.fate)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def empty_answer(status: int) -> Answer:
    return Answer(status)


def error_answer(error: ApiError) -> Answer:
    return json_answer(error.body(), error.status, error.headers)


def html_answer(page: str, status: int = 200) -> Answer:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(status, page.encode(), headers)


def see_other(location: str) -> Answer:
    return Answer(303, b"", {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
