"""What Codat's answers say about how much more we may ask, and the gate that is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol, Self

from .fields import number_in, read_time

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """The `X-Rate-Limit-*` headers of one answer; what Codat left out is None."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """None if the answer said nothing about the quota."""
        limit = number_in(headers, "X-Rate-Limit-Limit")
        remaining = number_in(headers, "X-Rate-Limit-Remaining")
        if limit is None and remaining is None:
            return None
        return cls(limit, remaining, _read_reset(headers.get("X-Rate-Limit-Reset", "").strip(), _now(headers)))


class Gate(Protocol):
    """Decides whether a call may leave, and hears how every try ended.

    `before` may raise Busy; then nothing is sent. Otherwise `after` follows, once for each
    `before`, whatever happened; `status_code` is None if no answer came.
    """

    def before(self, operation: str) -> None: ...

    def after(
        self, operation: str, status_code: int | None, quota: Quota | None, retry_after: float | None
    ) -> None: ...


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a `Retry-After` in seconds or as a date; None if there is none to read.

    A date is held against the answer's own `Date`, so that a wrong clock here does not matter.
    Never more than a day: no limit of Codat lasts longer.
    """
    told = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", told, re.ASCII):
        seconds = float(told)
    elif (until := _read_date(told)) is not None:
        seconds = (until - _now(headers)).total_seconds()
    else:
        return None
    return min(max(seconds, 0.0), DAY_SECONDS)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The time of an answer by the clock that sent it."""
    return _read_date(headers.get("Date", ""))


def _now(headers: Mapping[str, str]) -> datetime:
    return date_of(headers) or datetime.now(UTC)


def _read_date(told: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(told)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _read_reset(told: str, now: datetime) -> datetime | None:
    """Codat documents "the date" and no format: a date of the web, an ISO time, a Unix time or seconds from now."""
    if re.fullmatch(r"[0-9]{1,13}", told, re.ASCII):
        number = int(told)
        if number <= DAY_SECONDS:
            return now + timedelta(seconds=number)
        seconds = number / 1000 if number > 10**11 else number
        return datetime.fromtimestamp(seconds, UTC)
    return read_time(told) or _read_date(told)
