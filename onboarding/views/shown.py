"""The small pieces that pages show: a software, its data row by row, a line of activity, how Codat is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .. import brand, dates, states, words
from ..errors import calm
from ..lifecycle import Source
from ..models import Company, Connection, Event
from ..platforms import PLATFORMS, TABLES, name_of
from ..states import State

SILENCES_THAT_TELL = 2  # calls without an answer in a row, before every page says so
PAUSE_THAT_TELLS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Software:
    """A platform as pages show it. `slug` is empty for one outside our tables."""

    key: str
    slug: str
    name: str
    monogram: str
    logo_url: str


def software(key: str, *, told: str = "", logo_digest: str = "") -> Software:
    known = PLATFORMS.get(key)
    name = name_of(key, told)
    monogram = known.monogram if known else name[:1].upper()
    logo = reverse("platform_logo", args=[key, logo_digest]) if logo_digest else ""
    return Software(key, known.slug if known else "", name, monogram, logo)


def software_of(connection: Connection) -> Software:
    digest = getattr(connection, "logo_digest", None) or ""
    return software(connection.platform_key, told=connection.platform_name, logo_digest=digest)


@dataclass(frozen=True, slots=True)
class Badge:
    kind: str
    icon: str
    words: str


def state_badge(state: str, n: int = 0, total: int = 0) -> Badge:
    """The word for a company's state, with its class and icon."""
    reading = _("First read %(n)s of %(total)s") % {"n": n, "total": total} if total else _("Reading")
    rows = {
        State.EXPIRED: ("warn", "triangle", _("Access expired")),
        State.UNLINKED: ("off", "broken", _("Disconnected")),
        State.PERMISSION: ("bad", "octagon", _("Permission missing")),
        State.WAITING_PC: ("warn", "pause", _("Waiting for your computer")),
        State.READING: ("run", "half", reading),
        State.PARTIAL: ("warn", "triangle", _("Connected, some data missing")),
        State.LINKED: ("ok", "filled", _("Connected")),
        State.CHECKING: ("run", "clock", pgettext("state", "Checking")),
        State.FAILED: ("bad", "octagon", _("Did not go through")),
        State.PENDING: ("off", "circle", _("Not finished")),
        State.SIGNED_IN: ("off", "circle", _("Not connected")),
        State.INVITED: ("off", "envelope", _("Invited")),
        State.NEW: ("off", "circle", _("Not invited")),
    }
    return Badge(*rows[State(state)])


@dataclass(frozen=True, slots=True)
class Row:
    """A data type of the first read: what it is and how far Codat is with it."""

    name: str
    margin: str  # the icon in the margin
    badge: Badge


def wanted(company: Company) -> tuple[str, ...]:
    """The data types of the first read. Synchronous Bill Pay stores none: its read is one live call."""
    table = TABLES[company.product]
    return table.data_types if table.reads_are_stored else ("company",)


def rows_of(connection: Connection, data_types: Iterable[str], platform: str) -> list[Row]:
    is_over = connection.first_read_at is not None
    words_of = {name: connection.reads.get(name, {}).get("status", "") for name in data_types}
    return [_row(name, word, platform, is_over=is_over) for name, word in words_of.items()]


def _row(data_type: str, status: str, platform: str, *, is_over: bool) -> Row:
    """`is_over`: the first read has ended. Until then a word that we do not know may be a step of it."""
    name = words.item_name(data_type)
    if status == states.DONE:
        return Row(name, "check", Badge("ok", "filled", _("Done")))
    if status in states.READING:
        return Row(name, "refresh", Badge("run", "half", _("Reading")))
    if status == states.NOT_SUPPORTED:
        return Row(name, "dash", Badge("off", "dash", _("Not offered by %(platform)s") % {"platform": platform}))
    if status in (states.PERMISSION_ERROR, states.AUTH_ERROR):
        return Row(name, "octagon", Badge("bad", "octagon", _("Permission missing")))
    if status in states.RETRYING or (is_over and states.told_by(status) is State.PARTIAL):
        return Row(name, "refresh", Badge("warn", "refresh", _("We will try again")))
    return Row(name, "circle", Badge("off", "circle", _("Waiting")))


def names_telling(connection: Connection, state: State) -> list[str]:
    """The data types, in words, whose last read brings this state about."""
    return [
        words.item_name(name)
        for name, read in connection.reads.items()
        if states.told_by(read.get("status", "")) is state
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of activity, as customers read it."""

    icon: str
    words: str
    at: datetime


def lines_of(events: Iterable[Event]) -> list[Line]:
    return [_line(event) for event in events]


def _line(event: Event) -> Line:
    facts: dict[str, Any] = {
        "platform": _platform_of(event),
        "name": who(event),
        "brand": brand.name(),
        "n": event.facts.get("n", ""),
        "total": event.facts.get("total", ""),
        "email": event.after,
    }
    icon, sentence = _sentence(event, bool(facts["name"]))
    return Line(icon, sentence % facts, event.at)


def _sentence(event: Event, has_name: bool) -> tuple[str, str]:
    disconnected = _("%(platform)s disconnected by %(name)s") if has_name else _("%(platform)s is disconnected")
    rows = {
        "accepted": ("envelope", _("Invitation accepted")),
        "picked": ("check", _("%(platform)s chosen")),
        "left": ("external", _("Sent to %(platform)s to approve access")),
        "cancelled": ("pause", _("Stopped before the end")),
        "failed": ("octagon", _("The connection did not go through")),
        "connected": ("check", _("%(platform)s connected by %(name)s") if has_name else _("%(platform)s is connected")),
        "read": ("check", _("First read finished: %(n)s of %(total)s")),
        "expired": ("triangle", _("Access to %(platform)s expired")),
        "unlinked": ("broken", disconnected),
        "let_go": ("broken", disconnected),
        "read.asked": ("refresh", _("%(brand)s support read the data again")),
        "shared": ("envelope", _("Link sent to %(email)s")),
    }
    return rows[event.kind]


def _platform_of(event: Event) -> str:
    connection = event.connection
    key = event.facts.get("platform") or (connection.platform_key if connection else "")
    return name_of(key, connection.platform_name if connection else "")


def who(event: Event) -> str:
    """The person behind a line: staff appear under the brand's name; whoever approved, for a connection."""
    if event.source in (Source.STAFF, Source.COMMAND):
        return brand.name()
    person = event.by
    if person is None and event.kind == "connected" and event.connection:
        person = event.connection.started_by
    if person is None:
        return ""
    return brand.name() if person.is_staff else str(person)


@dataclass(frozen=True, slots=True)
class Sky:
    """How things are with Codat, when that is worth a notice on every page."""

    title: str
    text: str
    kind: str
    icon: str


def sky_of(company: Company, current: Connection | None, now: datetime | None = None) -> Sky | None:
    """Codat does not answer, or asked us to wait; from the columns that `queries.for_pages` adds.

    Of checks it speaks only where there is something at Codat that is checked.
    """
    now = now or timezone.now()
    until = getattr(company, "codat_blocked_until", None)
    unharmed = calm(current is not None and current.is_linked)
    seen = [at for at in (company.checked_at, current.seen_at) if at] if current else []
    if (getattr(company, "codat_failures", 0) or 0) >= SILENCES_THAT_TELL:
        at, on = _("What you see was checked at %(time)s."), _("What you see was checked on %(date)s at %(time)s.")
        told = [_when(max(seen), at, on)] if seen else []
        text = " ".join([*told, unharmed, _("Try again in a few minutes.")])
        return Sky(_("We cannot reach Codat right now."), text, "warn", "triangle")
    if seen and until and until - now > PAUSE_THAT_TELLS:
        at, on = _("Next check at %(time)s."), _("Next check on %(date)s at %(time)s.")
        return Sky(_("We are checking less often for now."), f"{unharmed} {_when(until, at, on)}", "run", "clock")
    return None


def _when(value: datetime, at: str, on: str) -> str:
    """The sentence of a time today, or the one that names the day too."""
    return (at if dates.is_today(value) else on) % {"date": dates.day(value), "time": dates.clock(value)}
