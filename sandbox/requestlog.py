"""Every API request and what became of it; Link pages and orders are not API requests."""

from __future__ import annotations

import contextlib
import json
from collections import Counter, deque
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sandbox.exchange import Request

KEPT = 200_000


@dataclass(slots=True)
class Entry:
    """One request. `invalid` means that a careful client would never have sent it."""

    method: str
    path: str
    query: str
    idempotency_key: str
    body: str
    at: str
    status: int = 0
    invalid: bool = False
    replayed: bool = False
    fate: str = "send"
    seconds: float = 0.0

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        with contextlib.suppress(ValueError):  # what is not JSON is shown as text
            shown["body"] = json.loads(self.body) if self.body else None
        return shown


class RequestLog:
    """The latest requests, oldest first, and how many there were of each kind since the last reset."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._lock = Lock()
        self.counts: Counter[str] = Counter()

    def open(self, request: Request, at: str) -> Entry:
        entry = Entry(
            method=request.method,
            path=request.path,
            query=request.raw_query,
            idempotency_key=request.header("Idempotency-Key"),
            body=request.body.decode("utf-8", "replace"),
            at=at,
        )
        with self._lock:
            self._entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        with self._lock:
            self.counts["requests"] += 1
            self.counts[entry.method] += 1
            self.counts[str(entry.status)] += 1
            self.counts["invalid"] += entry.invalid

    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.counts.clear()
