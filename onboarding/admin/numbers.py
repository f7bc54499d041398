"""The dashboard's numbers: one query each, kept for a minute. What is counted where stands beside each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, Value, When
from django.utils import timezone

from .. import quota
from ..lifecycle import Status
from ..models import Company, Connection, Delivery, Event, Kind, Sweep
from ..platforms import name_of
from ..quota import Allowance
from ..states import State
from ..usecases.watch import alarm_words, alarms, doctor_events
from . import company_filters as filters
from .company_filters import BANDS, PERIODS, STEPS
from .percentile import Percentile, Seconds

KEPT_SECONDS = 60
WEEKS = 12
LISTED = 25
CONNECTED = (State.LINKED, State.PARTIAL, State.PERMISSION, State.READING, State.WAITING_PC)
FAILING = (State.PARTIAL, State.PERMISSION)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The dashboard's filters, as its address tells them; anything else is no filter."""

    product: str = ""
    software: str = ""
    language: str = ""
    period: str = "91"

    @classmethod
    def of(cls, told: Any) -> "Chosen":
        def known(name: str, codes: Any, otherwise: str = "") -> str:
            value = told.get(name, "")
            return value if value in codes else otherwise

        return cls(
            known("product", filters.ProductFilter.codes),
            known("software", filters.SoftwareFilter.codes),
            known("language", filters.LanguageFilter.codes),
            known("period", PERIODS, "91"),
        )

    def filtered(self, prefix: str = "") -> Q:
        """Product, software and language; the period is the cohort's alone."""
        told = {"product": self.product, "platform_key": self.software, "language": self.language}
        return Q(**{f"{prefix}{name}": value for name, value in told.items() if value})

    @property
    def key(self) -> str:
        return f"dashboard:{self.product}:{self.software}:{self.language}:{self.period}"

    @property
    def query(self) -> dict[str, str]:
        told = {"product": self.product, "software": self.software, "language": self.language, "period": self.period}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that the dashboard shows, as of one moment."""

    at: datetime
    chosen: Chosen
    heads: dict[str, Any]
    funnel: dict[str, Any]
    heat: dict[tuple[str, str], int]
    weeks: list[tuple[datetime, int, int]]
    platforms: list[dict[str, Any]]
    morning: list[dict[str, Any]]
    machinery: dict[str, Any]


def read(chosen: Chosen) -> Numbers:
    """From the cache if it is not older than a minute, else eight queries and some small ones."""
    kept: Numbers | None = caches["hints"].get(chosen.key)
    if kept is None:
        kept = compute(chosen, timezone.now())
        caches["hints"].set(chosen.key, kept, KEPT_SECONDS)
    return kept


def compute(chosen: Chosen, now: datetime) -> Numbers:
    companies = Company.objects.filter(chosen.filtered(), erased_at=None).order_by()
    cohort = companies.filter(filters.invited_within(chosen.period, now), invited_at__isnull=False)
    return Numbers(
        at=now,
        chosen=chosen,
        heads=_heads(companies, now),
        funnel=_funnel(cohort),
        heat=_heat(cohort, now),
        weeks=_weeks(chosen, now),
        platforms=_platforms(chosen, now),
        morning=_morning(companies),
        machinery=_machinery(now),
    )


def _heads(companies: QuerySet[Company], now: datetime) -> dict[str, Any]:
    """The six numbers; of companies as they are now, whenever they were invited."""
    monday = _monday(now)
    week_before = monday - timedelta(days=7)
    return companies.aggregate(
        needs=Count("pk", filter=Q(turn=0)),
        needs_new=Count("pk", filter=Q(turn=0, needs_since__gt=now - timedelta(days=1))),
        waiting=Count("pk", filter=Q(turn=1)),
        linked_this_week=Count("pk", filter=Q(linked_at__gte=monday)),
        linked_week_before=Count("pk", filter=Q(linked_at__gte=week_before, linked_at__lt=monday)),
        expired=Count("pk", filter=Q(state=State.EXPIRED)),
        expired_since=Min("state_since", filter=Q(state=State.EXPIRED)),
        failing=Count("pk", filter=Q(state__in=FAILING)),
        connected=Count("pk", filter=Q(state__in=CONNECTED)),
    )


def _funnel(cohort: QuerySet[Company]) -> dict[str, Any]:
    """How many reached each step or a later one, and the median time between two steps that follow each other."""
    asked: dict[str, Any] = {"all": Count("pk")}
    for place, step in enumerate(STEPS):
        reached = Q()
        for later in STEPS[place:]:
            reached |= Q(**{f"{later}__isnull": False})
        asked[f"reached_{step}"] = Count("pk", filter=reached)
    for before, after in pairwise(STEPS):
        asked[f"median_{before}"] = _median(before, after)
    asked["to_linked"] = _median("invited_at", "linked_at")
    return cohort.aggregate(**asked)


def _median(begin: str, end: str, share: float = 0.5) -> Percentile:
    held = Q(**{f"{begin}__isnull": False, f"{end}__gte": F(begin)})
    return Percentile(Seconds(begin, end), share, filter=held)


def _heat(cohort: QuerySet[Company], now: datetime) -> dict[tuple[str, str], int]:
    """Companies of the cohort by their furthest step, and by the days since their state began."""
    steps = [When(**{f"{step}__isnull": False}, then=Value(step)) for step in reversed(STEPS)]
    since = [(band, now - timedelta(days=least)) for band, (least, _most) in reversed(BANDS.items())]
    bands = [When(state_since__lte=begin, then=Value(band)) for band, begin in since]
    # Excluded, not filtered: by its index SQLite would fetch half the table row by row, which takes twice as long.
    waiting = cohort.filter(first_read_at=None).exclude(turn__gte=filters.WAITING)
    waiting = waiting.annotate(
        step=Case(*steps, default=Value(""), output_field=CharField()),
        band=Case(*bands, default=Value(""), output_field=CharField()),
    )
    rows = waiting.values_list("step", "band").annotate(Count("pk"))
    return {(step, band): count for step, band, count in rows}


def _weeks(chosen: Chosen, now: datetime) -> list[tuple[datetime, int, int]]:
    """(Monday, expired, reconnected) of the last twelve weeks. Reconnected: Linked again after Deauthorized."""
    monday = _monday(now) - timedelta(weeks=WEEKS - 1)
    weeks = [monday + timedelta(weeks=number) for number in range(WEEKS)]
    which = [When(at__gte=begin, then=Value(number)) for number, begin in reversed(list(enumerate(weeks)))]
    events = Event.objects.filter(
        Q(kind="expired") | Q(before=Status.DEAUTHORIZED.value),
        chosen.filtered("company__"),
        kind__in=("expired", "connected"),
        at__gte=monday,
        at__lt=now,
    ).order_by()
    rows = events.annotate(week=Case(*which, default=Value(-1))).values_list("week", "kind").annotate(Count("pk"))
    counts = {(week, kind): count for week, kind, count in rows}
    return [
        (week, counts.get((number, "expired"), 0), counts.get((number, "connected"), 0))
        for number, week in enumerate(weeks)
    ]


def _monday(now: datetime) -> datetime:
    local = timezone.localtime(now)
    return (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _platforms(chosen: Chosen, now: datetime) -> list[dict[str, Any]]:
    """Of the cohort's connections that were sent to Link: how each ended, and how long things took."""
    invited = filters.invited_within(chosen.period, now, "company__")
    sent = Connection.objects.filter(invited, chosen.filtered("company__"), kind=Kind.ACCOUNTING, left_at__isnull=False)
    not_linked = Q(linked_at=None)
    cancelled = not_linked & Q(returned_code=403)
    rows = (
        sent.values("platform_key")
        .order_by()
        .annotate(
            at_link=Count("pk"),
            linked=Count("pk", filter=Q(linked_at__isnull=False)),
            cancelled=Count("pk", filter=cancelled),
            error=Count("pk", filter=not_linked & ~Q(returned_code=403) & Q(failures__gt=0)),
            minutes=_median("left_at", "linked_at"),
            first_read=_median("linked_at", "first_read_at"),
            slowest=_median("linked_at", "first_read_at", 0.9),
        )
    )
    return sorted(({**row, "name": name_of(row["platform_key"])} for row in rows), key=lambda row: -row["at_link"])


def _morning(companies: QuerySet[Company]) -> list[dict[str, Any]]:
    """Those that need somebody, oldest first: the same as the first page of the list."""
    fields = ("pk", "name", "ref", "needs", "state", "state_since", "platform_key")
    return list(companies.filter(turn=0).order_by("turn", "state_since", "id").values(*fields)[:LISTED])


def _machinery(now: datetime) -> dict[str, Any]:
    """Whether the portal itself is well."""
    deliveries = Delivery.objects.filter(done_at=None).aggregate(
        oldest=Min("received_at", filter=Q(parked_at=None)),
        parked=Count("pk", filter=Q(parked_at__isnull=False)),
        parked_at=Min("parked_at"),
    )
    sweep = Sweep.objects.filter(finished_at__isnull=False, is_whole=True).order_by("-started_at").first()
    newest = Delivery.objects.order_by("-received_at").values_list("received_at", flat=True).first()
    return {
        "allowance": quota.read(now),
        "oldest_delivery": deliveries["oldest"],
        "parked": deliveries["parked"],
        "parked_since": deliveries["parked_at"],
        "last_delivery": newest,
        "swept_at": sweep.finished_at if sweep else None,
        "missed": sweep.missed_by_webhook if sweep else 0,
        "old_secret": doctor_events.old_secret_use() if len(settings.CODAT_WEBHOOK_SECRETS) > 1 else "",
        "alarms": [(*alarm_words.explain(alarm), alarm.raised_at) for alarm in alarms.open_ones()],
    }


def quota_left(allowance: Allowance) -> int | None:
    """Percent of today's requests that are left, if Codat has told."""
    if not allowance.limit or allowance.remaining is None:
        return None
    return round(100 * allowance.remaining / allowance.limit)
