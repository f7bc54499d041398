"""Counts by day of what is worth a number and no row of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from ...models import Tally

NAME_LENGTH = 120


class Counted(NamedTuple):
    times: int
    last_at: datetime


def count(name: str, times: int = 1, now: datetime | None = None) -> None:
    """Add to today's count. One short statement, but for the first of a day."""
    moment, name = now or timezone.now(), name[:NAME_LENGTH]
    if _add(name, times, moment):
        return
    try:
        with transaction.atomic():
            Tally.objects.create(name=name, day=moment.astimezone(UTC).date(), count=times, last_at=moment)
    except IntegrityError:  # somebody else counted the first one at the same time
        _add(name, times, moment)


def _add(name: str, times: int, now: datetime) -> bool:
    today = Tally.objects.filter(name=name, day=now.astimezone(UTC).date())
    return bool(today.update(count=F("count") + times, last_at=now))


def since(prefix: str, days: int, now: datetime | None = None) -> Mapping[str, int]:
    """The counts of the last days (today is one), by what follows the prefix."""
    return {name: counted.times for name, counted in latest(prefix, days, now).items()}


def latest(prefix: str, days: int, now: datetime | None = None) -> Mapping[str, Counted]:
    """As `since`, each with the time of its last one."""
    first = (now or timezone.now()).astimezone(UTC).date() - timedelta(days=days - 1)
    rows = Tally.objects.filter(name__startswith=prefix, day__gte=first).values_list("name")
    counts = rows.annotate(Sum("count"), Max("last_at"))
    return {name.removeprefix(prefix): Counted(times, last_at) for name, times, last_at in counts}
