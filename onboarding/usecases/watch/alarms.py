"""What staff must know of the machinery: raised once, with its facts, and cleared when it is over.

`check` looks at rows alone, so the clock, the dashboard and doctor all see the same; `alarm_words` says it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from ... import quota
from ...lifecycle import Source
from ...models import Alarm, Company, Delivery, Event, Heartbeat, Kind, Sweep
from ..sync.pace import interval
from . import tallies

UNHANDLED_AFTER = timedelta(minutes=5)
SILENT_AFTER = timedelta(hours=24)
HEARTBEAT_STALE_AFTER = timedelta(minutes=3)
EVENT_MAY_TAKE = timedelta(minutes=15)
ON_ITS_WAY = timedelta(minutes=2)  # kept, and not handled when the sweep saw the same
CLOCK_SUSPECT_AT = 3  # refused messages of a day whose signature is right and whose time is not
SIGNATURE_SUSPECT_AT = 3
BELIEVED_MEANWHILE = timedelta(minutes=15)  # before the last refusal, or later: then it was somebody's forgery
STATUS_KINDS = ("connected", "expired", "unlinked", "deleted")

Facts = dict[str, Any]


def sound(name: str, **facts: Any) -> None:
    """Raise an alarm, or say that an open one still holds."""
    now = timezone.now()
    if Alarm.objects.filter(name=name, cleared_at=None).update(last_at=now, facts=facts):
        return
    try:
        with transaction.atomic():
            Alarm.objects.create(name=name, raised_at=now, last_at=now, facts=facts)
    except IntegrityError:
        pass  # somebody else raised it at the same time


def clear(name: str) -> None:
    Alarm.objects.filter(name=name, cleared_at=None).update(cleared_at=timezone.now())


def open_ones() -> list[Alarm]:
    """Open alarms, oldest first."""
    return list(Alarm.objects.filter(cleared_at=None).order_by("raised_at"))


def check(now: datetime | None = None) -> list[Alarm]:
    """Hold every condition against the rows; returns what is open then."""
    moment = now or timezone.now()
    for name, holds in CONDITIONS.items():
        facts = holds(moment)
        if facts is None:
            clear(name)
        else:
            sound(name, **facts)
    return open_ones()


def missed_events(now: datetime) -> Facts | None:
    """The sweeps of a day found changes that no event told of: is the endpoint disabled, or does it refuse?"""
    found = Event.objects.filter(
        source=Source.SWEEP,
        kind__in=STATUS_KINDS,
        at__range=(now - timedelta(days=1), now - EVENT_MAY_TAKE),
        connection__kind=Kind.ACCOUNTING,
        company__gone_at=None,
    )
    around = Delivery.objects.filter(
        company_codat_id=OuterRef("company__codat_id"),
        received_at__range=(OuterRef("at") - ON_ITS_WAY, OuterRef("at") + EVENT_MAY_TAKE),
        event_type__startswith="connection.",
    )
    missed = found.filter(~Exists(around)).count()
    if not missed:
        return None
    return {"changes": missed, "refused": dict(tallies.since("webhook.refused.", 2, now)), **_last_event()}


def silent_webhooks(now: datetime) -> Facts | None:
    """No event for a day in which people were active: Codat always has something to tell of that."""
    last = _last_event_at()
    if last and now - last < SILENT_AFTER:
        return None
    since = max(last, now - timedelta(days=7)) if last else now - timedelta(days=7)
    changes = Event.objects.filter(kind__in=STATUS_KINDS, at__range=(since, now - EVENT_MAY_TAKE)).count()
    return {"changes": changes, **_last_event()} if changes else None


def clock_off(now: datetime) -> Facts | None:
    """Messages that Codat signed are refused for their time, and none is believed: one of the two clocks is wrong."""
    refused = _unbelieved(("old", "future"), now)
    return dict(refused) if sum(refused.values()) >= CLOCK_SUSPECT_AT else None


def wrong_secret(now: datetime) -> Facts | None:
    """Messages are refused for their signature, and none is believed: the secret is another endpoint's."""
    wrong = sum(_unbelieved(("mismatch", "no secret"), now).values())
    return {"refused": wrong} if wrong >= SIGNATURE_SUSPECT_AT else None


def _unbelieved(reasons: Sequence[str], now: datetime) -> dict[str, int]:
    """How many messages were refused for each reason, yesterday and today; {} if others were believed meanwhile."""
    counted = tallies.latest("webhook.refused.", 2, now)
    last_at = max((counted[reason].last_at for reason in reasons if reason in counted), default=None)
    if last_at is None or now - last_at > timedelta(days=1):
        return {}
    believed_at = _last_event_at()
    if believed_at is not None and believed_at > last_at - BELIEVED_MEANWHILE:
        return {}
    return {reason: counted[reason].times if reason in counted else 0 for reason in reasons}


def unhandled(now: datetime) -> Facts | None:
    """A message waits for a worker that does not come. One that was put back waits for Codat, and is no alarm."""
    waiting = Delivery.objects.filter(done_at=None, parked_at=None, attempts=0, error="")
    late = (
        waiting.filter(not_before__lt=now - UNHANDLED_AFTER).order_by("not_before").values_list("not_before", flat=True)
    )
    oldest = late.first()
    return {"oldest_at": oldest.isoformat(), "waiting": late.count()} if oldest else None


def parked(now: datetime) -> Facts | None:
    count = Delivery.objects.filter(parked_at__isnull=False).count()
    return {"parked": count} if count else None


def sweep_overdue(now: datetime) -> Facts | None:
    """No sweep has read the whole list for three of its intervals."""
    from_codat = Company.objects.filter(codat_id__isnull=False, gone_at=None)
    last = Sweep.objects.filter(is_whole=True, finished_at__isnull=False).order_by("-started_at").first()
    newest = Sweep.objects.order_by("-started_at").first()
    if newest is None or not from_codat.exists():
        return None
    since = last.started_at if last else Sweep.objects.order_by("started_at").values_list("started_at", flat=True)[0]
    if now - since < 3 * interval() + timedelta(hours=1):
        return None
    return {"since": since.isoformat(), "error": newest.error}


def worker_silent(now: datetime) -> Facts | None:
    """The clock sends, the worker writes: an old row means that one of them, or the broker, is not there."""
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None or now - beat.at < HEARTBEAT_STALE_AFTER:
        return None
    return {"last_at": beat.at.isoformat()}


def codat_refuses(now: datetime) -> Facts | None:
    """401, 402 or 403 that nothing has succeeded after."""
    state = quota.read(now)
    if state.refused_code is None or state.refused_at is None:
        return None
    return {"code": state.refused_code, "at": state.refused_at.isoformat()}


def codat_down(now: datetime) -> Facts | None:
    state = quota.read(now)
    if not state.is_down or state.down_since is None or now - state.down_since < timedelta(minutes=5):
        return None
    return {"since": state.down_since.isoformat()}


def _last_event_at() -> datetime | None:
    return Delivery.objects.order_by("-received_at").values_list("received_at", flat=True).first()


def _last_event() -> Facts:
    last = _last_event_at()
    return {"last_event_at": last.isoformat() if last else None}


CONDITIONS: Mapping[str, Callable[[datetime], Facts | None]] = {
    "webhooks.missed": missed_events,
    "webhooks.silent": silent_webhooks,
    "webhooks.secret": wrong_secret,
    "clock.off": clock_off,
    "deliveries.unhandled": unhandled,
    "deliveries.parked": parked,
    "sweep.overdue": sweep_overdue,
    "worker.silent": worker_silent,
    "codat.refused": codat_refuses,
    "codat.down": codat_down,
}
SOUNDED_BY_SWEEPS = ("sweep.many_missing", "product.missing")
