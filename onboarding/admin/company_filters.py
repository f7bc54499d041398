"""How the list of companies is narrowed. The dashboard links here with the same words."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ..models import Company, Language, User
from ..states import State
from . import words

Companies = QuerySet[Company]
WAITING = 2  # `Company.turn` of those who wait for nobody
SLOT = "slot"  # the place of a filter's word in an address

# Days that a company has waited: at least, and less than.
BANDS: dict[str, tuple[int, int | None]] = {
    "0": (0, 1),
    "1": (1, 4),
    "4": (4, 8),
    "8": (8, 31),
    "31": (31, None),
}
BAND_WORDS = {"0": "Under 1 day", "1": "1–3 days", "4": "4–7 days", "8": "8–30 days", "31": "Over 30 days"}
PERIODS = {"30": "Last month", "91": "Last 3 months", "365": "Last 12 months", "all": "All time"}  # days
STEPS = ("invited_at", "accepted_at", "picked_at", "at_link_at", "linked_at", "first_read_at")
STEP_WORDS = {
    "invited_at": "Invited, not signed in",
    "accepted_at": "Signed in, nothing picked",
    "picked_at": "Picked, not at Link",
    "at_link_at": "At Link, not linked",
    "linked_at": "Linked, first read not done",
    "first_read_at": "First read done",
}


def in_band(band: str, now: datetime) -> Q:
    least, most = BANDS[band]
    held = Q(state_since__lte=now - timedelta(days=least))
    return held & Q(state_since__gt=now - timedelta(days=most)) if most else held


def at_step(step: str) -> Q:
    """Companies whose furthest step is this one."""
    place = STEPS.index(step)
    later = {f"{name}__isnull": True for name in STEPS[place + 1 :]}
    return Q(**{f"{step}__isnull": False}, **later)


def invited_within(period: str, now: datetime, prefix: str = "") -> Q:
    """`prefix` leads to the company, for rows of other tables."""
    return Q() if period == "all" else Q(**{f"{prefix}invited_at__gte": now - timedelta(days=int(period))})


class Choice(SimpleListFilter):
    """A filter of a few fixed words; an address with any other word filters nothing."""

    all_words = "All"
    codes: Collection[str] = ()

    def value(self) -> str | None:
        told = super().value()
        return told if told in self.codes else None

    def choices(self, changelist: Any) -> Iterator[Any]:
        """As the stock ones, but one address is composed for all: they differ by the word alone."""
        name, told = self.parameter_name, self.value()
        everything = changelist.get_query_string(remove=[name])
        yield {"selected": told is None, "query_string": everything, "display": self.all_words}
        before, _, after = changelist.get_query_string({name: SLOT}).partition(f"{name}={SLOT}")
        for code, display in self.lookup_choices:
            address = f"{before}{name}={code}{after}"
            yield {"selected": told == code, "query_string": address, "display": display}


class NeedsFilter(Choice):
    title, parameter_name = "needs someone", "needs"
    codes = {"yes", "no", *words.NEEDS}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        own = [(code, need.word.words) for code, need in words.NEEDS.items()] if self.is_open(request) else []
        return [("yes", "Yes"), ("no", "No"), *own]

    @staticmethod
    def is_open(request: HttpRequest) -> bool:
        """The single reasons are offered once somebody asked for those who need us."""
        return request.GET.get("needs", "no") != "no"

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        match self.value():
            case None:
                return queryset
            case "yes":
                return queryset.filter(turn=0)
            case "no":
                return queryset.filter(turn__gt=0)
            case code:
                return queryset.filter(turn=0, needs=code)


class StateFilter(Choice):
    title, parameter_name = "status", "status"
    codes = frozenset(State)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(state.value, words.STATES[state].words) for state in reversed(State)]

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        return queryset.filter(state=self.value()) if self.value() else queryset


class WaitingFilter(Choice):
    title, parameter_name, all_words = "waiting", "waiting", "Any time"
    codes = frozenset(BANDS)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return BAND_WORDS.items()

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        band = self.value()
        return queryset.filter(in_band(band, timezone.now()), turn__lt=WAITING) if band else queryset


class SoftwareFilter(Choice):
    title, parameter_name = "software", "software"
    codes = frozenset(key for key, _name in words.SOFTWARE)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return words.SOFTWARE

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        return queryset.filter(platform_key=self.value()) if self.value() else queryset


class ProductFilter(Choice):
    title, parameter_name = "product", "product"
    codes = frozenset(words.PRODUCTS)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return words.PRODUCTS.items()

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        return queryset.filter(product=self.value()) if self.value() else queryset


class LanguageFilter(Choice):
    title, parameter_name = "language", "language"
    codes = frozenset(Language.values)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(str(code), str(name)) for code, name in Language.choices]

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        return queryset.filter(language=self.value()) if self.value() else queryset


class Typed(SimpleListFilter):
    """A filter with a field to type in, and suggestions: staff may be many."""

    title, parameter_name, template = "invited by", "invited_by", "admin/inviter_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.others = [(name, value) for name, value in request.GET.items() if name != self.parameter_name]
        return [("", "")]

    def value(self) -> str:
        """Whatever was typed: no list of choices holds it."""
        return str(self.used_parameters.get(self.parameter_name) or "")

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        return queryset.filter(invited_by__in=inviters(self.value())) if self.value() else queryset


def inviters(told: str) -> QuerySet[User]:
    """Staff whose name or address holds these letters."""
    text = told.strip()
    return User.objects.filter(Q(name__icontains=text) | Q(email__icontains=text), is_staff=True)


class Linked(Choice):
    """A filter that only links of the dashboard set; it shows while it is set, to be taken away."""

    def has_output(self) -> bool:
        return self.value() is not None


class StepFilter(Linked):
    title, parameter_name = "furthest step", "step"
    codes = frozenset(STEPS)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return STEP_WORDS.items()

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        step = self.value()
        return queryset.filter(at_step(step)) if step else queryset


class PeriodFilter(Linked):
    title, parameter_name = "invited", "period"
    codes = frozenset(PERIODS)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return PERIODS.items()

    def queryset(self, request: HttpRequest, queryset: Companies) -> Companies:
        period = self.value()
        return queryset.filter(invited_within(period, timezone.now())) if period else queryset


FILTERS = (
    NeedsFilter,
    StateFilter,
    WaitingFilter,
    SoftwareFilter,
    ProductFilter,
    LanguageFilter,
    Typed,
    StepFilter,
    PeriodFilter,
)
