"""What is old enough to forget, removed in small steps that hold nobody up."""

from datetime import datetime, timedelta
from importlib import import_module
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..models import Alarm, Delivery, Event, SignInLink, Sweep, Tally, Upload
from . import bulk

BATCH = 2000
KEEP_MACHINERY = timedelta(days=90)  # sweeps, counts, alarms that are over
KEEP_DEAD_LINKS = timedelta(days=7)


def prune(*, budget_seconds: float = 300, now: datetime | None = None) -> dict[str, int]:
    """Remove what is older than the settings keep it; returns how many of each. What is left comes another day.

    Messages go after KEEP_DELIVERIES_DAYS, longer than Codat can replay them, so none is ever taken for new;
    one that nobody has handled stays. Timelines go after KEEP_HISTORY_DAYS.
    """
    moment, until = now or timezone.now(), monotonic() + budget_seconds
    removed = {name: _remove(old, until) for name, old in _old(moment).items()}
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return removed


def _old(now: datetime) -> "dict[str, QuerySet[Any]]":
    handled = Q(done_at__isnull=False) | Q(parked_at__isnull=False)
    deliveries_end = now - timedelta(days=settings.KEEP_DELIVERIES_DAYS)
    machinery_end = now - KEEP_MACHINERY
    return {
        "deliveries": Delivery.objects.filter(handled, received_at__lt=deliveries_end),
        "history": Event.objects.filter(at__lt=now - timedelta(days=settings.KEEP_HISTORY_DAYS)),
        "sweeps": Sweep.objects.filter(started_at__lt=machinery_end),
        "counts": Tally.objects.filter(day__lt=machinery_end.date()),
        "alarms": Alarm.objects.filter(cleared_at__lt=machinery_end),
        "uploads": Upload.objects.filter(bulk.old_uploads(now)),
        "sign-in links": SignInLink.objects.filter(expires_at__lt=now - KEEP_DEAD_LINKS),
    }


def _remove(old: "QuerySet[Any]", until: float) -> int:
    removed = 0
    while monotonic() < until:
        pks = list(old.values_list("pk", flat=True)[:BATCH])
        if not pks:
            break
        old.model.objects.filter(pk__in=pks).delete()
        removed += len(pks)
    return removed
