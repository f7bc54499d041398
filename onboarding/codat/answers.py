"""What Codat says about companies, connections and their data, as frozen dataclasses.

Every `from_json` takes the decoded JSON, ignores fields it does not know, keeps words it does
not know as they came (a new status is not guessed), and raises Garbled if what the product
cannot do without is missing. Times are aware UTC, or None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from .errors import Garbled
from .fields import (
    as_object,
    list_in,
    number_in,
    object_in,
    readable,
    required_text,
    required_uuid,
    text_in,
    texts_in,
    time_in,
    truth_in,
    uuid_in,
)
from .links import LinkUrl

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConnectionFault:
    """What went wrong with a connection. `status` is "Active", "Resolved" or "" (not passing by itself)."""

    status_code: str
    status_text: str
    message: str
    status: str
    occurred_at: datetime | None
    resolved_at: datetime | None

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "connection error")
        return cls(
            status_code=str(told.get("statusCode") or ""),  # text by contract, a number in places
            status_text=text_in(told, "statusText"),
            message=text_in(told, "errorMessage"),
            status=text_in(told, "status"),
            occurred_at=time_in(told, "erroredOnUtc"),
            resolved_at=time_in(told, "resolvedOnUtc"),
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """One piece of software of one company.

    platform_key  "" if Codat left it out: keep your own
    link_url      fetched anew before every use; see `links`
    source_type   "Accounting", "Expense", …; "" if Codat left it out
    """

    id: UUID
    status: str
    platform_key: str
    platform_name: str
    source_type: str
    link_url: LinkUrl
    created: datetime | None
    last_sync: datetime | None
    errors: tuple[ConnectionFault, ...]
    integration_id: str
    source_id: str
    info: Mapping[str, Any]

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "connection")
        faults = told.get("dataConnectionErrors")
        return cls(
            id=required_uuid(told, "id"),
            status=required_text(told, "status"),
            platform_key=text_in(told, "integrationKey"),
            platform_name=text_in(told, "platformName"),
            source_type=text_in(told, "sourceType"),
            link_url=LinkUrl(text_in(told, "linkUrl")),
            created=time_in(told, "created"),
            last_sync=time_in(told, "lastSync"),
            errors=tuple(ConnectionFault.from_json(each) for each in faults if isinstance(each, dict))
            if isinstance(faults, list)
            else (),
            integration_id=text_in(told, "integrationId"),
            source_id=text_in(told, "sourceId"),
            info=object_in(told, "connectionInfo"),
        )


@dataclass(frozen=True, slots=True)
class Company:
    """A customer, as Codat keeps it: the name after Codat's cleaning, tags as text pairs.

    has_every_connection  whether `connections` holds all that the answer listed, and it listed them at all
    Its own Link URL (`redirect`) is left out: the portal sends nobody there.
    """

    id: UUID
    name: str
    description: str
    created: datetime | None
    last_sync: datetime | None
    products: tuple[str, ...]
    tags: Mapping[str, str]
    connections: tuple[Connection, ...]
    has_every_connection: bool = False

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "company")
        listed = told.get("dataConnections")
        connections = readable(list_in(told, "dataConnections"), Connection.from_json)
        return cls(
            id=required_uuid(told, "id"),
            name=required_text(told, "name"),
            description=text_in(told, "description"),
            created=time_in(told, "created"),
            last_sync=time_in(told, "lastSync"),
            products=texts_in(told, "products"),
            tags={key: value for key, value in object_in(told, "tags").items() if isinstance(value, str)},
            connections=connections,
            has_every_connection=isinstance(listed, list) and len(connections) == len(listed),
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `has_next` is Codat's link if it sent links, else counted; an empty page has none."""

    results: tuple[T, ...]
    page_number: int
    page_size: int
    total_results: int
    has_next: bool

    @classmethod
    def from_json(cls, told: object, reader: Callable[[object], T], *, page: int, page_size: int) -> "Page[T]":
        told = as_object(told, "page")
        entries = told.get("results")
        if not isinstance(entries, list):
            raise Garbled(reason="no results")
        size = number_in(told, "pageSize") or page_size
        total = number_in(told, "totalResults")
        links = told.get("_links")
        if isinstance(links, dict) and links:
            more = isinstance(links.get("next"), dict)
        else:
            more = page * size < total if total is not None else len(entries) >= size
        return Page(
            results=readable(entries, reader),
            page_number=page,  # what we asked for: Codat's own examples number pages from 0
            page_size=size,
            total_results=len(entries) if total is None else total,
            has_next=more and bool(entries),
        )


@dataclass(frozen=True, slots=True)
class DataStatus:
    """Where the reading of one data type stands. `current_status` is "" if it was never read."""

    data_type: str
    current_status: str
    last_successful_sync: datetime | None
    latest_sync_id: str
    latest_successful_sync_id: str

    @classmethod
    def from_json(cls, told: object, data_type: str) -> Self:
        told = as_object(told, "data status")
        return cls(
            data_type=text_in(told, "dataType") or data_type,
            current_status=text_in(told, "currentStatus"),
            last_successful_sync=time_in(told, "lastSuccessfulSync"),
            latest_sync_id=text_in(told, "latestSyncId"),
            latest_successful_sync_id=text_in(told, "latestSuccessfulSyncId"),
        )


def data_statuses(told: object) -> dict[str, DataStatus]:
    """Codat's map of data types; types that it maps to null are left out."""
    told = as_object(told, "data status")
    return {name: DataStatus.from_json(each, name) for name, each in told.items() if isinstance(each, dict)}


@dataclass(frozen=True, slots=True)
class PullOperation:
    """One read of one data type. `progress` is in percent."""

    id: UUID
    company_id: UUID | None
    connection_id: UUID | None
    data_type: str
    status: str
    status_description: str
    error_message: str
    requested: datetime | None
    completed: datetime | None
    progress: int
    is_completed: bool
    is_errored: bool

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "pull operation")
        return cls(
            id=required_uuid(told, "id"),
            company_id=uuid_in(told, "companyId"),
            connection_id=uuid_in(told, "connectionId"),
            data_type=text_in(told, "dataType"),
            status=required_text(told, "status"),
            status_description=text_in(told, "statusDescription"),
            error_message=text_in(told, "errorMessage"),
            requested=time_in(told, "requested"),
            completed=time_in(told, "completed"),
            progress=number_in(told, "progress") or 0,
            is_completed=truth_in(told, "isCompleted"),
            is_errored=truth_in(told, "isErrored"),
        )


@dataclass(frozen=True, slots=True)
class CompanyInfo:
    """Which accounting file is behind a connection. Both can be ""."""

    name: str = field(repr=False)
    base_currency: str

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "company information")
        return cls(name=text_in(told, "companyName"), base_currency=text_in(told, "baseCurrency"))
