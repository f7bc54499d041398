"""Codat's limits: requests a day, requests a minute, requests at once, and the headers that tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from threading import Lock

from sandbox.clock import Clock, stamp_of
from sandbox.errors import ApiError

PER_COMPANY = 1000
MINUTE_SECONDS = 60


class Quota:
    """Counts requests. A limit that is None does not exist; without `daily` Codat's formula holds."""

    def __init__(
        self, clock: Clock, active_companies: Callable[[], int], announce: Callable[[str, dict], None]
    ) -> None:
        self.daily: int | None = None
        self.per_minute: int | None = None
        self.concurrent: int | None = None
        self.retry_after: int | None = None  # told in place of the true number of seconds
        self.retry_after_as_date = False
        self.reset_as_date = False  # HTTP date in place of a timestamp in X-Rate-Limit-Reset
        self.used = 0
        self._clock = clock
        self._active_companies = active_companies
        self._announce = announce
        self._lock = Lock()
        self._day = clock.today()
        self._minute_began, self._minute_used = 0.0, 0
        self._in_flight = 0
        self._is_reached = False

    @property
    def limit(self) -> int:
        """Requests a day: 1,000 × (1 + companies with a Linked connection), unless fixed."""
        return self.daily if self.daily is not None else PER_COMPANY * (1 + self._active_companies())

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def waits_for_midnight(self) -> bool:
        return self._is_reached

    def spend(self) -> None:
        """Counts one request. Raises a 429 refusal, uncounted, when there is none left."""
        with self._lock:
            self._roll()
            if self.used >= self.limit:
                self._tell_reached()
                raise self._too_many(self._clock.next_midnight() - self._clock.seconds())
            self._spend_minute()
            self.used += 1
            if self.used >= self.limit:
                self._tell_reached()

    @contextmanager
    def one_at_once(self) -> Iterator[None]:
        """Counts the request as running meanwhile. Raises a 429 refusal when too many are."""
        with self._lock:
            if self.concurrent is not None and self._in_flight >= self.concurrent:
                raise self._too_many(1)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def roll(self) -> None:
        """Notices that a new UTC day has begun."""
        with self._lock:
            self._roll()

    def headers(self) -> dict[str, str]:
        midnight = self._clock.next_midnight()
        reset = formatdate(midnight, usegmt=True) if self.reset_as_date else stamp_of(midnight)
        return {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": reset,
        }

    def _roll(self) -> None:
        today = self._clock.today()
        if today == self._day:
            return
        self._day, self.used = today, 0
        if self._is_reached:
            self._is_reached = False
            self._announce("client.rateLimit.reset", self._facts())

    def _spend_minute(self) -> None:
        if self.per_minute is None:
            return
        now = self._clock.seconds()
        if not 0 <= now - self._minute_began < MINUTE_SECONDS:
            self._minute_began, self._minute_used = now, 0
        if self._minute_used >= self.per_minute:
            raise self._too_many(self._minute_began + MINUTE_SECONDS - now)
        self._minute_used += 1

    def _tell_reached(self) -> None:
        if not self._is_reached:
            self._is_reached = True
            self._announce("client.rateLimit.reached", self._facts())

    def _facts(self) -> dict:
        expiry = stamp_of(self._clock.next_midnight())
        return {"dailyQuota": self.limit, "quotaRemaining": self.remaining, "expiryDate": expiry}

    def _too_many(self, seconds: float) -> ApiError:
        wait = self.retry_after if self.retry_after is not None else max(1, math.ceil(seconds))
        told = formatdate(self._clock.seconds() + wait, usegmt=True) if self.retry_after_as_date else str(wait)
        return ApiError(429, headers={"Retry-After": told})
