"""The portal in numbers, for machines that watch it. One query for each group, and none over everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from ... import quota
from ...models import Alarm, BatchRow, Company, Connection, Delivery, Heartbeat, Mail, RowStatus, Sweep
from .. import bulk
from . import tallies


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number now. Ages are seconds; what never happened has none."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def read(now: datetime | None = None) -> Iterator[Gauge]:
    """Every number; a few short reads of indexes."""
    moment = now or timezone.now()
    yield from _queues(moment)
    yield from _codat(moment)
    yield from _ages(moment)
    yield from _companies()
    yield Gauge("alarms_open", "Alarms that nothing has cleared.", Alarm.objects.filter(cleared_at=None).count())
    for name, count in sorted(tallies.since("webhook.refused.", 1, moment).items()):
        yield Gauge("webhooks_refused_today", "Messages refused, by reason.", count, (("reason", name),))


def _queues(now: datetime) -> Iterator[Gauge]:
    deliveries = Delivery.objects.filter(done_at=None, parked_at=None)
    waiting = deliveries.aggregate(number=Count("pk"), oldest=Min("received_at"))
    yield Gauge("deliveries_waiting", "Webhook messages not handled yet.", waiting["number"])
    yield from _age("delivery_oldest_seconds", "Age of the oldest of them.", waiting["oldest"], now, none=0)
    parked = Delivery.objects.filter(parked_at__isnull=False).count()
    yield Gauge("deliveries_parked", "Webhook messages given up, for staff.", parked)
    mails = Mail.objects.filter(sent_at=None, failed_at=None, dropped_at=None, not_before__lte=now)
    yield Gauge("mails_waiting", "Mails due and not sent.", mails.count())
    followed = Connection.objects.filter(look_at__lte=now)
    yield Gauge("connections_due", "Connections whose next step is due.", followed.count())
    rows = BatchRow.objects.filter(status=RowStatus.WAITING, batch__finished_at=None, batch__stopped_at=None)
    yield Gauge("batch_rows_waiting", "Rows of bulk work to be done.", rows.count())
    yield Gauge("uploads_waiting", "Uploaded files to be read or stored.", bulk.open_uploads().count())


def _codat(now: datetime) -> Iterator[Gauge]:
    allowance = quota.read(now)
    yield Gauge("codat_down", "1 while Codat does not answer.", int(allowance.is_down))
    if allowance.limit is not None:
        yield Gauge("codat_quota_limit", "Requests that Codat allows today.", allowance.limit)
    if allowance.remaining is not None:
        yield Gauge("codat_quota_remaining", "Requests left today.", allowance.remaining)


def _ages(now: datetime) -> Iterator[Gauge]:
    whole = Sweep.objects.filter(is_whole=True, finished_at__isnull=False)
    swept_at = whole.order_by("-started_at").values_list("started_at", flat=True).first()
    yield from _age("sweep_age_seconds", "Since the last whole sweep began.", swept_at, now)
    for beat in Heartbeat.objects.order_by("name"):
        yield from _age("heartbeat_age_seconds", "Since a part was last alive.", beat.at, now, (("name", beat.name),))


def _age(
    name: str,
    text: str,
    at: datetime | None,
    now: datetime,
    labels: tuple[tuple[str, str], ...] = (),
    *,
    none: float | None = None,
) -> Iterator[Gauge]:
    if at is not None:
        yield Gauge(name, text, max(0.0, (now - at) / timedelta(seconds=1)), labels)
    elif none is not None:
        yield Gauge(name, text, none, labels)


def _companies() -> Iterator[Gauge]:
    states = Company.objects.filter(erased_at=None).values_list("state").annotate(Count("pk")).order_by("state")
    for state, count in states:
        yield Gauge("companies", "Companies, by where they stand.", count, (("state", state),))
    needing = Company.objects.exclude(needs="").filter(erased_at=None).count()
    yield Gauge("companies_needing_someone", "Companies that somebody should look at.", needing)
