"""What the groups of calls share: where to ask, how long, and past which gate."""

from collections.abc import Callable
from typing import TypeVar

from .call import Call, Limits
from .limits import Gate
from .transport import Transport

T = TypeVar("T")


class Caller:
    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        gate: Gate | None = None,
        timeout_seconds: float | tuple[float, float] = (3.05, 15.0),
        read_retries: int = 2,
    ) -> None:
        """Opens no connection yet. Raises ValueError for a base URL that is no http(s) address."""
        self._transport = Transport(base_url, api_key)
        self._gate = gate
        self._timeout_seconds = timeout_seconds
        self._read_retries = read_retries

    def __repr__(self) -> str:
        return f"<Codat at {self._transport.base_url}>"

    def _limits(self) -> Limits:
        return Limits.of(self._timeout_seconds, self._read_retries)

    def _ask(self, call: Call, reader: Callable[[object], T]) -> T:
        return self._transport.ask(call, self._limits(), self._gate, reader)
