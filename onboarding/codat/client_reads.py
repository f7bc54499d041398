"""Calls about the data that Codat reads from the accounting software."""

from functools import partial
from uuid import UUID

from .answers import CompanyInfo, DataStatus, Page, PullOperation, data_statuses
from .call import Call
from .client_base import Caller


class ReadCalls(Caller):
    """Synchronous Bill Pay has none of these but `payables_info`."""

    def data_status(self, company_id: UUID) -> dict[str, DataStatus]:
        """By data type. Types that Codat has nothing to say about are missing."""
        return self._ask(Call("data_status", "GET", ("companies", company_id, "dataStatus")), data_statuses)

    def refresh_all(self, company_id: UUID) -> None:
        """Queue every data type that is read on first link."""
        self._ask(Call("refresh_all", "POST", ("companies", company_id, "data", "all")), lambda told: None)

    def refresh_data_type(
        self, company_id: UUID, data_type: str, *, connection_id: UUID | None = None
    ) -> PullOperation:
        """Queue one data type. Refused if it is being read already."""
        asked = {"connectionId": str(connection_id) if connection_id else None}
        path = ("companies", company_id, "data", "queue", data_type)
        return self._ask(Call("refresh_data_type", "POST", path, asked), PullOperation.from_json)

    def data_history(
        self,
        company_id: UUID,
        *,
        page: int = 1,
        page_size: int = 100,
        query: str | None = None,
        order_by: str | None = None,
    ) -> Page[PullOperation]:
        asked = {"page": page, "pageSize": page_size, "query": query, "orderBy": order_by}
        reader = partial(Page.from_json, reader=PullOperation.from_json, page=page, page_size=page_size)
        return self._ask(Call("data_history", "GET", ("companies", company_id, "data", "history"), asked), reader)

    def company_info(self, company_id: UUID) -> CompanyInfo:
        """Which accounting file was read (asynchronous Bill Pay, Expenses). 409 until the first read."""
        return self._ask(Call("company_info", "GET", ("companies", company_id, "data", "info")), CompanyInfo.from_json)

    def payables_info(self, company_id: UUID, connection_id: UUID) -> CompanyInfo:
        """Which accounting file is linked (synchronous Bill Pay); asks the software itself, so it can be slow."""
        path = ("companies", company_id, "connections", connection_id, "payables", "info")
        return self._ask(Call("payables_info", "GET", path), CompanyInfo.from_json)
