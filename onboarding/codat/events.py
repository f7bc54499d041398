"""A webhook's body: read leniently, and made safe to keep."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from .answers import Connection
from .errors import Garbled
from .fields import (
    Json,
    as_object,
    list_in,
    number_in,
    object_in,
    read_json,
    storable,
    text_in,
    time_in,
    truth_in,
    uuid_in,
)

MAX_DEPTH = 20
REMOVED = "(removed)"

_SECRET_NAMES = {"linkurl", "redirect", "otp", "link.otp", "onetimepassword", "accesstoken"}
# `otp=` and `link.otp=` in a query, its `=` encoded once or twice or not at all, and the hosts of Link itself.
_SECRET_TEXT = re.compile(r"otp(?:=|%(?:25)*3d)|://link(?:-api)?\.codat\.io", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """How the reading of one data type ended."""

    connection_id: UUID | None
    data_type: str
    status: str
    records_modified: bool

    @classmethod
    def from_json(cls, told: Json) -> Self:
        return cls(
            connection_id=uuid_in(told, "connectionId"),
            data_type=text_in(told, "dataType"),
            status=text_in(told, "status"),
            records_modified=truth_in(told, "recordsModified"),
        )


@dataclass(frozen=True, slots=True)
class DailyQuota:
    """What the `client.rateLimit.*` events say."""

    daily: int | None
    remaining: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed at Codat. What the event does not say is "", None or ().

    `status` is the connection's, or that of a write; raw.
    """

    id: str
    event_type: str
    generated_at: datetime | None
    company_id: UUID | None
    connection_id: UUID | None
    status: str
    data_types: tuple[ReadOutcome, ...]
    quota: DailyQuota | None
    _payload: Json = field(repr=False)

    @property
    def connection(self) -> Connection | None:
        """All that it says of its connection; None if that cannot be read."""
        told = object_in(self._payload, "connection")
        try:
            return Connection.from_json(told) if told else None
        except Garbled:
            return None

    @property
    def payload(self) -> dict[str, Any]:
        """The whole payload, `redacted` each time: most readers never ask for it."""
        return redacted(self._payload)


def read_event(raw_body: bytes | str | Mapping[str, Any]) -> Event:
    """The event in a body, or in the JSON object kept of one. Raises Garbled if it is no JSON object."""
    told = as_object(dict(raw_body) if isinstance(raw_body, Mapping) else read_json(raw_body), "event")
    event_type, payload = text_in(told, "eventType"), object_in(told, "payload")
    connection = object_in(payload, "connection")
    outcomes = tuple(ReadOutcome.from_json(each) for each in list_in(payload, "dataTypes") if isinstance(each, dict))
    return Event(
        id=text_in(told, "id"),
        event_type=event_type,
        generated_at=time_in(told, "generatedDate"),
        company_id=_company_id(event_type, payload),
        connection_id=uuid_in(connection, "id") or uuid_in(payload, "connectionId") or _only_connection(outcomes),
        status=text_in(connection, "status") or text_in(payload, "status"),
        data_types=outcomes,
        quota=_quota(payload) if event_type.startswith("client.rateLimit.") else None,
        _payload=payload,
    )


def _company_id(event_type: str, payload: Json) -> UUID | None:
    if event_type.startswith("company."):
        return uuid_in(payload, "id")
    return uuid_in(object_in(payload, "referenceCompany"), "id")


def _only_connection(outcomes: tuple[ReadOutcome, ...]) -> UUID | None:
    """A read names its connection for each data type: the event has one if they all agree."""
    ids = {outcome.connection_id for outcome in outcomes}
    return ids.pop() if len(ids) == 1 else None


def _quota(payload: Json) -> DailyQuota:
    return DailyQuota(
        daily=number_in(payload, "dailyQuota"),
        remaining=number_in(payload, "quotaRemaining"),
        expires_at=time_in(payload, "expiryDate"),
    )


def redacted(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A copy to keep: without link URLs and one-time passwords, and only with what a database takes.

    What lies deeper than MAX_DEPTH is left out; NUL and halves of surrogate pairs, which
    PostgreSQL refuses, become the replacement character, and endless numbers become null.
    """
    return _clean_object(payload, MAX_DEPTH)


def _clean_object(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {
        storable(name): _clean(each, depth - 1)
        for name, each in value.items()
        if name.lower() not in _SECRET_NAMES and not _is_secret(name)
    }


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return REMOVED if _is_secret(value) else storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, dict | list):
        return value
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return _clean_object(value, depth)
    return [_clean(each, depth - 1) for each in value]


def _is_secret(text: str) -> bool:
    # The two plain looks first: the pattern alone takes three times as long, on every text of every event.
    return ("://" in text or "otp" in text.lower()) and _SECRET_TEXT.search(text) is not None
