"""`Idempotency-Key`: the first answer to a POST or PATCH is repeated for 90 minutes, errors included."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from sandbox.clock import Clock
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request

KEPT_SECONDS = 90 * 60
METHODS = {"POST", "PATCH"}


@dataclass(slots=True)
class Slot:
    """One key: what was asked, since when, and the answer once there is one."""

    fingerprint: bytes
    began: float
    answer: Answer | None = None


class Idempotency:
    """Answers that may be asked for again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._slots: dict[str, Slot] = {}

    def answer(self, request: Request, perform: Callable[[], Answer]) -> tuple[Answer, bool]:
        """(answer, whether it is a repeat). Raises 409 while the key runs, 422 when it came with another request.

        A 429 is forgotten, so the same key may be used again; so is a key whose request broke down.
        """
        key = request.header("Idempotency-Key").strip()
        if request.method not in METHODS or not key:
            return perform(), False
        known = self._claim(key, request)
        if known is not None:
            return known.copy(), True
        answer = None
        try:
            answer = perform()
        finally:
            self._settle(key, answer)
        return answer, False

    def _claim(self, key: str, request: Request) -> Answer | None:
        fingerprint, now = _fingerprint(request), self._clock.seconds()
        with self._lock:
            self._forget_old(now)
            slot = self._slots.get(key)
            if slot is None:
                self._slots[key] = Slot(fingerprint, now)
                return None
            if slot.fingerprint != fingerprint:
                raise ApiError(422)
            if slot.answer is None:
                raise ApiError(409, "A request with this Idempotency-Key is in progress.")
            return slot.answer

    def _forget_old(self, now: float) -> None:
        """Slots stand in the order they began."""
        while self._slots:
            oldest = next(iter(self._slots))
            if now - self._slots[oldest].began < KEPT_SECONDS:
                return
            del self._slots[oldest]

    def _settle(self, key: str, answer: Answer | None) -> None:
        with self._lock:
            if answer is None or answer.status == 429:
                self._slots.pop(key, None)
            elif key in self._slots:
                self._slots[key].answer = answer.copy()


def _fingerprint(request: Request) -> bytes:
    asked = f"{request.method} {request.target}\n".encode() + request.body
    return hashlib.sha256(asked).digest()
