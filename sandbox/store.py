"""What the sandbox remembers: companies and connections, found by id, by tag and in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

PENDING, LINKED, UNLINKED, DEAUTHORIZED = STATUSES = ("PendingAuth", "Linked", "Unlinked", "Deauthorized")


@dataclass(slots=True, eq=False)
class Connection:
    """A connection of a company to one platform."""

    id: str
    company_id: str
    platform_key: str  # "" for the partner expense connection
    status: str
    created: str
    last_sync: str | None = None
    errors: list[dict] | None = None
    organisation: str | None = None
    shown_status: str | None = None  # a word nobody knows, shown in place of the status
    passwords: dict[str, float] | None = None  # one-time passwords, with the second each was made

    @property
    def is_partner(self) -> bool:
        return not self.platform_key


@dataclass(slots=True, eq=False)
class Company:
    """A company with its connections and what was read from them."""

    id: str
    name: str
    description: str
    created: str
    products: list[str]
    tags: dict[str, str]
    last_sync: str | None = None
    connections: list[Connection] = field(default_factory=list)
    passwords: dict[str, float] | None = None
    datasets: dict[str, dict[str, Any]] | None = None  # data type -> what was last read
    pulls: list[dict[str, Any]] | None = None  # read history, oldest first
    expense_config: dict | None = None
    sync_settings: dict | None = None


class Store:
    """All companies. `version` grows with every change, so that somebody can save what changed."""

    def __init__(self) -> None:
        self.companies: dict[str, Company] = {}
        self.connections: dict[str, Connection] = {}
        self.version = 0
        self._by_uid: dict[str, list[Company]] = {}
        self._linked: dict[str, int] = {}  # company id -> number of its Linked connections
        self._ordered: list[Company] | None = None
        self._sorted: dict[str, tuple[int, Sequence[Company]]] = {}  # by order, with the version that it is of

    @property
    def active_companies(self) -> int:
        """How many companies have a Linked connection: what the daily quota grows with."""
        return len(self._linked)

    def ordered(self) -> list[Company]:
        """All companies, oldest first."""
        if self._ordered is None:
            self._ordered = list(self.companies.values())
        return self._ordered

    def sorted_once(self, order: str, sort: Callable[[], Sequence[Company]]) -> Sequence[Company]:
        """All companies as `sort` brings them; sorted anew only after a change."""
        version, found = self._sorted.get(order, (-1, ()))
        if version != self.version:
            found = sort()
            self._sorted[order] = (self.version, found)
        return found

    def with_uid(self, uid: str) -> list[Company]:
        return self._by_uid.get(uid, [])

    def add_company(self, company: Company) -> None:
        self.companies[company.id] = company
        self._index(company)
        for connection in company.connections:
            self._count(connection)
        if self._ordered is not None:
            self._ordered.append(company)
        self.version += 1

    def remove_company(self, company: Company) -> None:
        for connection in list(company.connections):
            self.remove_connection(company, connection)
        del self.companies[company.id]
        self._forget(company)
        self._ordered = None
        self.version += 1

    def retag(self, company: Company, tags: dict[str, str]) -> None:
        self._forget(company)
        company.tags = tags
        self._index(company)
        self.version += 1

    def add_connection(self, company: Company, connection: Connection) -> None:
        company.connections.append(connection)
        self._count(connection)
        self.version += 1

    def remove_connection(self, company: Company, connection: Connection) -> None:
        self.set_status(connection, DEAUTHORIZED)  # so that it is no longer counted as Linked
        company.connections.remove(connection)
        del self.connections[connection.id]
        self.version += 1

    def set_status(self, connection: Connection, status: str) -> None:
        change = (status == LINKED) - (connection.status == LINKED)
        connection.status = status
        count = self._linked.get(connection.company_id, 0) + change
        if count:
            self._linked[connection.company_id] = count
        else:
            self._linked.pop(connection.company_id, None)
        self.version += 1

    def move_first_to_end(self, count: int) -> None:
        """The first companies of the listing become its last, as if rows had moved between two pages."""
        listed = self.ordered()
        self._ordered = listed[count:] + listed[:count]
        self._sorted.clear()  # equal names keep the order of the listing

    def _count(self, connection: Connection) -> None:
        self.connections[connection.id] = connection
        if connection.status == LINKED:
            self._linked[connection.company_id] = self._linked.get(connection.company_id, 0) + 1

    def _index(self, company: Company) -> None:
        if "uid" in company.tags:
            self._by_uid.setdefault(company.tags["uid"], []).append(company)

    def _forget(self, company: Company) -> None:
        uid = company.tags.get("uid")
        if uid is None:
            return
        rest = [other for other in self._by_uid.get(uid, ()) if other is not company]
        if rest:
            self._by_uid[uid] = rest
        else:
            self._by_uid.pop(uid, None)


def new_id() -> str:
    return str(uuid.uuid4())


def linked(connections: Iterable[Connection]) -> list[Connection]:
    return [connection for connection in connections if connection.status == LINKED]
