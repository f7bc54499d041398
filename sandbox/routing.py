"""Which function answers which address: `@route("GET", "/companies/{company_id}")`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request

if TYPE_CHECKING:
    from sandbox.world import World

Handler = Callable[..., Answer]


class Router:
    """Addresses by number of segments, so that a look-up compares a handful of them."""

    def __init__(self) -> None:
        self._by_length: dict[int, list[tuple[tuple[str, ...], dict[str, Handler]]]] = {}

    def route(self, method: str, template: str) -> Callable[[Handler], Handler]:
        """Decorator: the function answers this method at this address; `{names}` become arguments."""
        segments = _segments(template)

        def register(handler: Handler) -> Handler:
            known = self._by_length.setdefault(len(segments), [])
            for other, handlers in known:
                if other == segments:
                    handlers[method] = handler
                    return handler
            known.append((segments, {method: handler}))
            # Literal addresses first: /profile/syncSettings before /{a}/{b}.
            known.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """The function and its arguments; None for an unknown address. Raises a 405 refusal for a wrong method."""
        segments = _segments(path)
        for template, handlers in self._by_length.get(len(segments), ()):
            names = _match(template, segments)
            if names is None:
                continue
            if method not in handlers:
                raise ApiError(405, headers={"Allow": ", ".join(sorted(handlers))})
            return handlers[method], names
        return None

    def answer(self, world: World, request: Request) -> Answer:
        """Calls the function for this request. Raises a refusal: 404 for an unknown address, or the function's own."""
        found = self.find(request.method, request.path)
        if found is None:
            raise ApiError(404, f"No such address: {request.path}", is_client_fault=True)
        handler, names = found
        return handler(world, request, **names)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _match(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    names = {}
    for expected, given in zip(template, segments, strict=True):
        if expected.startswith("{"):
            names[expected[1:-1]] = given
        elif expected != given:
            return None
    return names


api = Router()
link = Router()
control = Router()
