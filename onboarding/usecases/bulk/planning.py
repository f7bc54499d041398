"""How long a run will take under the present allowance: requests, hours of asking, and the day it ends."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from ... import allowance, codat, quota
from ...wiring import Errand
from ...wiring import codat as codat_for

OLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run needs and when it ends; `unknown` says why the days cannot be told, and they are None then.

    hours  of asking, at the pace that Codat takes from one address; 0 without such a limit
    days   on which it asks, with the reserve kept; `bare_days` without
    """

    requests: int
    hours: float
    per_day: int | None = None
    reserve: int = 0
    days: int | None = None
    bare_days: int | None = None
    ends_at: datetime | None = None
    unknown: str = ""

    def __str__(self) -> str:
        if self.unknown:
            return f"{self.requests:,} calls. {self.unknown}"
        if not self.requests:
            return "Nothing to ask of Codat."
        kept = f"With {settings.QUOTA_RESERVE_PERCENT}% kept free: {_days(self.days)}."
        said = f"{self.requests:,} calls, {self.per_day:,} a day: {_days(self.bare_days)}. {kept}"
        asking = f" {self.hours:.1f} hours of asking." if self.hours >= 0.1 else ""
        return f"{said}{asking} Ends on {self.ends_at:%A %-d %B %Y, %H:%M} UTC."


def _days(count: int | None) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def plan(requests: int, *, now: datetime | None = None) -> Plan:
    """Plan for so many requests. Asks Codat once if we do not know what it allows; never raises a CodatError."""
    moment = now or timezone.now()
    hours = requests / (allowance.PACE * settings.CODAT_PER_MINUTE * 60) if settings.CODAT_PER_MINUTE else 0.0
    known = quota.read(moment)
    if known.limit is None or known.told_at is None or moment - known.told_at > OLD:
        failure = _ask()
        known = quota.read(moment)
        if known.limit is None:
            return Plan(requests, hours, unknown=f"Quota unknown: asked Codat, {failure}.")
    return _planned(requests, hours, known, moment)


def _ask() -> str:
    """One cheap question: any answer tells the allowance. Returns how it failed."""
    try:
        codat_for(Errand.CLICK).get_profile()
    except codat.CodatError as error:
        return f"got {error.status_code}" if error.status_code else "got no answer"
    return "which did not say"


def _planned(requests: int, hours: float, known: quota.Allowance, now: datetime) -> Plan:
    limit = known.limit or 0
    today = max(0, (limit if known.remaining is None else known.remaining) - known.reserve)
    days = _days_of(requests, today, limit - known.reserve)
    bare_days = _days_of(requests, today + known.reserve, limit)
    if days is None:
        return Plan(requests, hours, unknown=f"Codat allows {limit:,} a day, and all of it is kept for customers.")
    begins = now if days == 1 else allowance.next_day(now) + timedelta(days=days - 2)
    last = requests if days == 1 else (requests - today - 1) % (limit - known.reserve) + 1
    ends_at = begins + timedelta(hours=hours * last / requests if requests else 0)
    return Plan(requests, hours, limit, known.reserve, days, bare_days, ends_at)


def _days_of(requests: int, today: int, per_day: int) -> int | None:
    """The number of days from today to the one that ends it, both counted; None if it never ends."""
    if requests <= today:
        return 1
    return 1 + math.ceil((requests - today) / per_day) if per_day > 0 else None
