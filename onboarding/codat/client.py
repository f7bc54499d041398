"""Codat's API as methods: companies and connections here, the rest in the two bases."""

from collections.abc import Mapping
from copy import copy
from functools import partial
from uuid import UUID

from .answers import Company, Connection, Page
from .call import Call
from .client_account import AccountCalls
from .client_reads import ReadCalls
from .glimpse import Glimpse
from .limits import Gate
from .links import LinkUrl, check_link


class Codat(ReadCalls, AccountCalls):
    """A client for one Codat account; one per process is enough, and threads may share it.

    Every method raises a CodatError and writes one log line. Reads (GET) are repeated by
    themselves when no answer or 502, 503, 504 came; writes never are: the caller keeps one
    `key` per logical write, and looks before it uses another.
    """

    def with_limits(
        self,
        *,
        timeout_seconds: float | tuple[float, float] | None = None,
        read_retries: int | None = None,
    ) -> "Codat":
        """The same client, and the same connections, with less patience.

        timeout_seconds  (connect, read) for each try, or one number: the wall time of a whole call
        """
        hurried = copy(self)
        if timeout_seconds is not None:
            hurried._timeout_seconds = timeout_seconds
        if read_retries is not None:
            hurried._read_retries = read_retries
        return hurried

    def with_gate(self, gate: Gate | None) -> "Codat":
        """The same client, and the same connections, behind another gate."""
        gated = copy(self)
        gated._gate = gate
        return gated

    def check_link(self, link_url: LinkUrl | str) -> str:
        """The address to send the browser to now. Raises Garbled if it leads elsewhere than to Codat."""
        return check_link(link_url, self._transport.base_url)

    def list_companies(
        self,
        *,
        page: int = 1,
        page_size: int = 100,
        query: str | None = None,
        tags: str | None = None,
        order_by: str | None = None,
    ) -> Page[Company]:
        """One page of companies, each with its connections. `tags` is Codat's filter, as `uid=<uuid>`."""
        asked = {"page": page, "pageSize": page_size, "query": query, "tags": tags, "orderBy": order_by}
        reader = partial(Page.from_json, reader=Company.from_json, page=page, page_size=page_size)
        return self._ask(Call("list_companies", "GET", ("companies",), asked), reader)

    def glimpse_companies(self, *, page: int = 1, page_size: int = 100, order_by: str | None = None) -> Page[Glimpse]:
        """As `list_companies`, at a quarter of the reading, for whoever needs few of them as a whole."""
        asked = {"page": page, "pageSize": page_size, "orderBy": order_by}
        reader = partial(Page.from_json, reader=Glimpse.from_json, page=page, page_size=page_size)
        return self._ask(Call("list_companies", "GET", ("companies",), asked), reader)

    def create_company(
        self, *, name: str, tags: Mapping[str, str], key: UUID, description: str | None = None
    ) -> Company:
        """A new company; Codat silently drops letters of the name that it does not like."""
        body = _given(name=name, tags=dict(tags), description=description)
        return self._ask(Call("create_company", "POST", ("companies",), body=body, key=key), Company.from_json)

    def get_company(self, company_id: UUID) -> Company:
        return self._ask(Call("get_company", "GET", ("companies", company_id)), Company.from_json)

    def update_company(
        self,
        company_id: UUID,
        *,
        key: UUID,
        name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Company:
        """Change what is given; `tags`, if given, replace all tags."""
        body = _given(name=name, description=description, tags=None if tags is None else dict(tags))
        call = Call("update_company", "PATCH", ("companies", company_id), body=body, key=key)
        return self._ask(call, Company.from_json)

    def delete_company(self, company_id: UUID) -> None:
        """Final: the company, its connections and what was read of them."""
        self._ask(Call("delete_company", "DELETE", ("companies", company_id)), lambda told: None)

    def list_connections(self, company_id: UUID, *, page: int = 1, page_size: int = 100) -> Page[Connection]:
        path = ("companies", company_id, "connections")
        reader = partial(Page.from_json, reader=Connection.from_json, page=page, page_size=page_size)
        return self._ask(Call("list_connections", "GET", path, {"page": page, "pageSize": page_size}), reader)

    def create_connection(self, company_id: UUID, platform_key: str, *, key: UUID) -> Connection:
        """A new connection, PendingAuth. Its link URL is for now: fetch it anew before every use."""
        path, body = ("companies", company_id, "connections"), {"platformKey": platform_key}
        return self._ask(Call("create_connection", "POST", path, body=body, key=key), Connection.from_json)

    def get_connection(self, company_id: UUID, connection_id: UUID) -> Connection:
        """Refused with `is_gone` means that the connection, or its company, was deleted."""
        path = ("companies", company_id, "connections", connection_id)
        return self._ask(Call("get_connection", "GET", path), Connection.from_json)

    def unlink_connection(self, company_id: UUID, connection_id: UUID, *, key: UUID) -> Connection:
        """Give up the access. Only a Linked connection can be unlinked."""
        path = ("companies", company_id, "connections", connection_id)
        call = Call("unlink_connection", "PATCH", path, body={"status": "Unlinked"}, key=key)
        return self._ask(call, Connection.from_json)

    def delete_connection(self, company_id: UUID, connection_id: UUID) -> None:
        """Final: what was read becomes unreadable, and the customer must authorise a new connection."""
        path = ("companies", company_id, "connections", connection_id)
        self._ask(Call("delete_connection", "DELETE", path), lambda told: None)

    def create_partner_expense_connection(self, company_id: UUID, *, key: UUID) -> Connection:
        """The second connection of Expenses, born Linked. What a second call does is not documented: look first."""
        path = ("companies", company_id, "sync", "expenses", "connections", "partnerExpense")
        call = Call("create_partner_expense_connection", "POST", path, key=key)
        return self._ask(call, Connection.from_json)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
