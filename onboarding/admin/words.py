"""The words of staff pages: states, reasons to look, data statuses, ages. English, and pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..platforms import PLATFORMS
from ..states import AUTH_ERROR, DONE, NOT_SUPPORTED, PERMISSION_ERROR, READING, State, told_by
from ..templatetags.icons import icon


@dataclass(frozen=True, slots=True)
class Word:
    """What a state or a reason is called, with its class and icon."""

    words: str
    kind: str
    icon: str

    def badge(self, words: str = "") -> SafeString:
        return _badge(self.kind, self.icon, words or self.words)


@lru_cache(maxsize=1000, typed=True)  # a list shows the same few on every page; safe text equals the unsafe
def _badge(kind: str, shape: str, words: str) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', kind, icon(shape), words)


STATES = {
    State.EXPIRED: Word("Access expired", "warn", "triangle"),
    State.UNLINKED: Word("Disconnected", "off", "broken"),
    State.PERMISSION: Word("Permission missing", "bad", "octagon"),
    State.WAITING_PC: Word("Waiting for computer", "warn", "pause"),
    State.READING: Word("First read", "run", "half"),
    State.PARTIAL: Word("Some data missing", "warn", "triangle"),
    State.LINKED: Word("Connected", "ok", "filled"),
    State.CHECKING: Word("Checking", "run", "clock"),
    State.FAILED: Word("Did not go through", "bad", "octagon"),
    State.PENDING: Word("Not finished", "off", "circle"),
    State.SIGNED_IN: Word("Not connected", "off", "circle"),
    State.INVITED: Word("Invited", "off", "envelope"),
    State.NEW: Word("Not invited", "off", "circle"),
}
# What staff do about a state, in two words; the company's page says it at length.
NEXT_STEPS = {
    State.EXPIRED: "Reconnect",
    State.PERMISSION: "Ask admin",
    State.WAITING_PC: "Call",
    State.READING: "Wait",
    State.PARTIAL: "Read again",
    State.CHECKING: "Wait",
    State.FAILED: "Try again",
    State.PENDING: "Send again",
    State.SIGNED_IN: "Call",
    State.INVITED: "Send again",
    State.NEW: "Invite",
}
PATIENCE = {  # before that nothing is to be done
    State.PENDING: timedelta(days=1),
    State.SIGNED_IN: timedelta(days=3),
    State.INVITED: timedelta(days=3),
    State.CHECKING: timedelta(minutes=10),
    State.READING: timedelta(hours=2),
}


@dataclass(frozen=True, slots=True)
class Need:
    """Why somebody of ours should look: in a badge, as a group's title, what to do, and that in two words."""

    word: Word
    todo: str
    short: str


NEEDS = {
    "software": Need(Word("Software not listed", "warn", "info"), "Write back: they use something else", "Write back"),
    "bounced": Need(
        Word("Email bounced", "bad", "envelope"), "Ask for the right address, correct it, send again", "Correct address"
    ),
    "permission": Need(
        Word("Permission missing", "bad", "octagon"), "Say which right is missing; then reconnect", "Ask admin"
    ),
    "errors": Need(Word("Error 3 times", "bad", "octagon"), "Read the message and call", "Call"),
    "expired": Need(Word("Access expired", "warn", "triangle"), "Call: two emails, no answer", "Call"),
    "computer_off": Need(
        Word("Waiting for computer", "warn", "pause"), "Call: walk through the Web Connector list", "Call"
    ),
    "reading_long": Need(
        Word("First read over a day", "warn", "half"), "Look at the data table; ask Codat support", "Look at data"
    ),
    "unfinished": Need(Word("Not finished", "off", "circle"), "Send the link again, or call", "Send again"),
    "unopened": Need(Word("Invitation unopened", "off", "envelope"), "Send again, or call", "Send again"),
    "no_partner": Need(
        Word("Partner connection missing", "warn", "triangle"), "Read why it failed; make it again", "Make partner"
    ),
    "quiet": Need(Word("Not read for long", "warn", "clock"), "Ask them to reconnect before access ends", "Reconnect"),
    "two_linked": Need(Word("Two connected", "bad", "octagon"), "Unlink the one that is not wanted", "Unlink one"),
}


def need_of(code: str) -> Need:
    """A reason that this page does not know yet is shown as it is."""
    return NEEDS.get(code) or Need(
        Word(code.replace("_", " ").capitalize(), "warn", "triangle"), "Open the company", "Open"
    )


_BY_CODE = {state.value: word for state, word in STATES.items()}  # the states themselves hash by their names


def state_of(code: str) -> Word:
    return _BY_CODE.get(code) or Word(code, "off", "circle")


PRODUCTS = {
    "bill_pay_async": "Bill Pay, asynchronous",
    "bill_pay_sync": "Bill Pay, synchronous",
    "expenses": "Expenses",
}
SHORT_PRODUCTS = {"bill_pay_async": "Bill Pay", "bill_pay_sync": "Bill Pay sync", "expenses": "Expenses"}
SOFTWARE = sorted(((key, platform.name) for key, platform in PLATFORMS.items()), key=lambda pair: pair[1].casefold())


def read_word(status: str) -> Word:
    """Codat's word for a data type, in our colours; staff read Codat's own word."""
    words = status or "No status yet"
    if status == DONE:
        return Word(words, "ok", "filled")
    if status in READING:
        return Word(words, "run", "half")
    if status == NOT_SUPPORTED:
        return Word(words, "off", "dash")
    if status == PERMISSION_ERROR:
        return Word(words, "bad", "octagon")
    if status == AUTH_ERROR:
        return Word(words, "warn", "triangle")
    return Word(words, "warn", "refresh") if told_by(status) is State.PARTIAL else Word(words, "off", "circle")


def connection_word(status: str) -> Word:
    """Codat's status of one connection; the company's state may be worse."""
    known = {
        "Linked": STATES[State.LINKED],
        "Deauthorized": STATES[State.EXPIRED],
        "Unlinked": STATES[State.UNLINKED],
        "PendingAuth": STATES[State.PENDING],
        "Starting": Word("Being made", "run", "clock"),
        "Deleted": Word("Deleted at Codat", "off", "dash"),
    }
    return known.get(status) or Word(status, "off", "circle")


def age(since: datetime | None, now: datetime | None = None) -> str:
    """`12 min`, `5 hours`, `6 days`: one unit, rounded down."""
    return span((now or timezone.now()) - since) if since else "–"


def span(length: timedelta) -> str:
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return _counted(minutes // 60, "hour")
    return _counted(minutes // 1440, "day")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def brief(seconds: float | None) -> str:
    """A median for a table: `4 min`, `2 h 05`, `1 d 4 h`."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    hours = minutes // 60
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes % 60:02d}" if hours else f"{minutes} min"


def when(at: datetime | None) -> str:
    """`Today, 11:20`, `1 May, 06:10`, `3 May 2024, 06:10`: in the operator's time zone."""
    if at is None:
        return "–"
    local, today = timezone.localtime(at), timezone.localtime().date()
    if local.date() == today:
        return f"Today, {date_format(local, 'H:i')}"
    return date_format(local, "j M, H:i" if local.year == today.year else "j M Y, H:i")


def day(at: datetime | None) -> str:
    if at is None:
        return "–"
    local = timezone.localtime(at)
    return date_format(local, "j M" if local.year == timezone.localtime().year else "j M Y")
