"""Pages of a list with Codat's paging information and relative links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sandbox import query as queries
from sandbox.errors import ApiError
from sandbox.exchange import Request

MAX_PAGE_SIZE = 5000
DEFAULT_PAGE_SIZE = 100

Readers = Mapping[str, Callable[[Any], Any]]


def select(request: Request, items: Sequence[Any], kind: str, readers: Readers) -> Sequence[Any]:
    """The items that `query` keeps, in the order of `orderBy`. Raises a 400 refusal for what it cannot read."""
    text = request.query.get("query", "").strip()
    if text:
        keep = queries.compile_query(text, queries.values_of(kind, readers))
        if not items:
            keep_nothing_but_complain(text, kind, readers)
        items = [item for item in items if keep(item)]
    order = request.query.get("orderBy", "").strip()
    if order:
        items = _sorted(items, order, kind, readers)
    return items


def keep_nothing_but_complain(text: str, kind: str, readers: Readers) -> None:
    """An unknown property is refused even when there is no item to read it from."""
    values = queries.values_of(kind, {path: lambda _item: None for path in readers})
    queries.compile_query(text, values)(None)


def page_of(
    request: Request,
    items: Sequence[Any],
    show: Callable[[Any], dict],
    *,
    endless: bool = False,
) -> dict:
    """One page. `endless` is a fault: every page is the first one and has a next."""
    number, size = _positive(request, "page", 1), _positive(request, "pageSize", DEFAULT_PAGE_SIZE)
    if size > MAX_PAGE_SIZE:
        raise ApiError(400, f"Error processing request - pageSize is at most {MAX_PAGE_SIZE}.")
    start = 0 if endless else (number - 1) * size
    return {
        "results": [show(item) for item in items[start : start + size]],
        "pageNumber": number,
        "pageSize": size,
        "totalResults": len(items),
        "_links": _links(request, number, size, has_next=endless or start + size < len(items)),
    }


def _positive(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:10]) <= 2_147_483_647:
        raise ApiError(400, f"Error processing request - {name} is not valid.")
    return int(text)


def _links(request: Request, number: int, size: int, *, has_next: bool) -> dict:
    kept = {name: request.query[name] for name in ("query", "orderBy", "tags") if request.query.get(name)}

    def href(page: int) -> dict[str, str]:
        return {"href": f"{request.path}?{urlencode({'page': page, 'pageSize': size, **kept})}"}

    links = {"self": {"href": request.path}, "current": href(number)}
    if has_next:
        links["next"] = href(number + 1)
    if number > 1:
        links["previous"] = href(number - 1)
    return links


def _sorted(items: Sequence[Any], order: str, kind: str, readers: Readers) -> list[Any]:
    path = order.removeprefix("-")
    reader = readers.get(path)
    if reader is None or "." in path:
        raise queries.unresolved(path, kind)
    return sorted(items, key=lambda item: _sort_key(reader(item)), reverse=order.startswith("-"))


def _sort_key(value: Any) -> tuple[bool, Any]:
    """Null first; booleans and lists as text so that they never meet numbers."""
    if isinstance(value, bool | list | dict):
        value = str(value)
    return (value is not None, value if value is not None else "")
