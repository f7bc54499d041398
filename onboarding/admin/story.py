"""The lines of a company's timeline, as staff read them: who, what, with which ids."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ..lifecycle import Source
from ..models import Company, Event
from ..platforms import name_of
from ..words import item_name

PAGE = 12
LONGER_PAGE = 50

FILTERS: dict[str, tuple[str, Q]] = {
    "all": ("All", Q()),
    "customer": ("Customer", Q(source=Source.CUSTOMER)),
    "staff": ("Staff", Q(source__in=(Source.STAFF, Source.COMMAND))),
    "codat": ("Codat", Q(source__in=(Source.WEBHOOK, Source.SWEEP, Source.WORKER))),
    "email": ("Email", Q(source=Source.EMAIL)),
    "problems": ("Problems", Q(is_problem=True)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """`ids` are pairs of a name and an id, to be quoted; `reason` is what the person said."""

    pk: int
    at: datetime
    icon: str
    kind: str
    title: str
    detail: str
    reason: str
    ids: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Story:
    """A page of the timeline. `older` counts what is not shown yet; `gap` says what was not kept."""

    lines: list[Line]
    chips: list[tuple[str, str, int, bool]]
    older: int
    before: str
    gap: str


def of(company: Company, chosen: str, before: str, now: datetime | None = None) -> Story:
    """Two queries: the counts of every filter, and the lines. `before` is the key of the last line seen."""
    moment = now or timezone.now()
    chosen = chosen if chosen in FILTERS else "all"
    events = Event.objects.filter(company=company)
    counts = events.aggregate(
        **{name: Count("pk", filter=held) if name != "all" else Count("pk") for name, (_w, held) in FILTERS.items()}
    )
    shown, left = _lines(events.filter(FILTERS[chosen][1]), before)
    chips = [(name, title, counts[name], name == chosen) for name, (title, _held) in FILTERS.items()]
    last = shown[-1] if shown else None
    return Story(
        lines=[_line(event) for event in shown],
        chips=chips,
        older=left if before else max(0, counts[chosen] - len(shown)),
        before=f"{last.at.isoformat()}~{last.pk}" if last else "",
        gap="" if left or (not before and counts[chosen] > len(shown)) else _gap(company, moment),
    )


def _lines(events: QuerySet[Event], before: str) -> tuple[list[Event], int]:
    """A page, and how many older lines there are after a first page (0 or 1 stands for none or some)."""
    size = LONGER_PAGE if before else PAGE
    if before:
        at, pk = _key(before)
        if at is not None:
            events = events.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))
    found = list(events.select_related("by", "connection").order_by("-at", "-pk")[: size + 1])
    return found[:size], int(len(found) > size)


def _key(told: str) -> tuple[datetime | None, int]:
    at, _mark, pk = told.partition("~")
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), int(pk)
    except ValueError:
        return None, 0


def _gap(company: Company, now: datetime) -> str:
    """Where the timeline ends because older lines were deleted, and not because nothing happened."""
    kept_since = now - timedelta(days=settings.KEEP_HISTORY_DAYS)
    if company.created_at >= kept_since:
        return ""
    day = timezone.localtime(kept_since).strftime("%-d %B %Y")
    return f"No records before {day}: history is kept for {settings.KEEP_HISTORY_DAYS} days."


ICONS = {
    "company.created": "plus",
    "company.changed": "person",
    "invited": "envelope",
    "accepted": "person",
    "picked": "check",
    "agreed": "check",
    "left": "external",
    "returned": "back",
    "cancelled": "pause",
    "failed": "octagon",
    "connected": "check",
    "expired": "triangle",
    "unlinked": "broken",
    "deleted": "cross",
    "gone": "cross",
    "read": "check",
    "mail": "envelope",
    "mail.bounced": "octagon",
    "check": "refresh",
    "staff.viewed": "eye",
}
TITLES = {
    "company.created": "company added",
    "company.changed": "details changed",
    "person.added": "person added",
    "person.removed": "person removed",
    "invited": "invited",
    "accepted": "accepted the invitation",
    "picked": "chose the software",
    "agreed": "agreed to share",
    "left": "left for Link",
    "returned": "came back from Link",
    "cancelled": "came back, cancelled",
    "failed": "the connection failed",
    "created": "connection created",
    "codat.company": "company exists at Codat",
    "codat.connection": "connection exists at Codat",
    "adopted": "connection taken over from Codat",
    "connected": "connected",
    "expired": "access ended",
    "unlinked": "disconnected",
    "deleted": "connection deleted",
    "gone": "company deleted at Codat",
    "let_go": "leaves it disconnected",
    "reading": "reading",
    "read": "first read finished",
    "read.asked": "read data now",
    "read.kept_alive": "small read, to keep access alive",
    "organisation.kept": "says that the organisation is the right one",
    "partner": "partner connection made",
    "partner.failed": "partner connection failed",
    "other.asked": "asks for software not listed",
    "other.answered": "answered about software not listed",
    "shared": "sent a colleague a link",
    "share.revoked": "invitation withdrawn",
    "mail": "email",
    "mail.bounced": "email bounced",
    "note": "note added",
    "link.copied": "copied the customer's link",
    "sessions.ended": "ended the customer's sessions",
    "staff.viewed": "looked at the customer's pages",
    "check": "checked with Codat",
    "afresh": "started afresh",
    "deletion.asked": "asked to delete the company at Codat",
    "deletion.confirmed": "confirmed the deletion",
    "deletion.withdrawn": "withdrew the deletion",
    "deletion.done": "company deleted at Codat",
    "paused": "platform paused",
    "resumed": "platform resumed",
    "write": "Codat's write result",
    "expenses.sync": "expenses sync",
    "bulk.stored": "began a batch",
    "bulk.stopped": "stopped a batch",
    "bulk.resumed": "continued a batch",
    "exported": "exported what we hold",
    "erased": "personal data erased",
    "reminded": "sent the reminders that were due",
    "synced": "compared connections with Codat",
    "alarm.cleared": "cleared an alarm",
}
SOURCES = {
    Source.CUSTOMER: "Customer",
    Source.STAFF: "Staff",
    Source.COMMAND: "Command",
    Source.WORKER: "Portal",
    Source.WEBHOOK: "Codat",
    Source.SWEEP: "Sweep",
    Source.EMAIL: "Email",
}
MAILS = {
    "invitation": "invitation",
    "unfinished": "finish connecting",
    "expired": "access expired",
    "quiet": "access may end soon",
    "disconnected": "disconnected",
    "connected": "connected, with the receipt",
    "colleague": "colleague asked to help",
    "pc_link": "link for the computer",
}
KINDS = {"problem": "bad", "connected": "ok", "read": "ok", "accepted": "ok"}


def _line(event: Event) -> Line:
    source = Source(event.source)
    actor = str(event.by) if event.by and source in (Source.STAFF, Source.COMMAND) else SOURCES[source]
    if event.kind in ("mail", "mail.bounced"):
        title = _mail_title(event)
    else:
        words = TITLES.get(event.kind, event.kind.replace(".", " ").replace("_", " "))
        title = f"{actor}: {words}"
    return Line(
        pk=event.pk,
        at=event.at,
        icon=ICONS.get(event.kind, "triangle" if event.is_problem else "person" if event.by else "info"),
        kind="bad" if event.is_problem else KINDS.get(event.kind, ""),
        title=title,
        detail=_detail(event, source),
        reason=event.reason,
        ids=_ids(event),
    )


def _mail_title(event: Event) -> str:
    name = MAILS.get(event.facts.get("mail", ""), event.facts.get("mail", ""))
    if event.kind == "mail.bounced":
        return f"Email bounced: {name}"
    return f"Email not sent: {name}" if event.facts.get("failed") else f"Email sent: {name}"


def _detail(event: Event, source: Source) -> str:
    """What is known beside the title, one short sentence for each fact."""
    facts: dict[str, Any] = event.facts
    parts = []
    if platform := facts.get("platform"):
        parts.append(name_of(platform, event.connection.platform_name if event.connection else ""))
    if event.by and source == Source.CUSTOMER:
        parts.append(str(event.by))
    if event.before or event.after:
        parts.append(_change(event))
    if facts.get("total"):
        parts.append(f"{facts['n']} of {facts['total']}")
    if facts.get("code"):
        parts.append(f"Code {facts['code']}")
    for name in ("message", "answer"):
        if facts.get(name):
            parts.append(f"“{facts[name]}”")
    if facts.get("to"):
        parts.append(f"To {facts['to']}")
    if facts.get("text_version"):
        parts.append(f"Sharing text {facts['text_version']}, {facts.get('language', '')}")
    if facts.get("data_type"):
        parts.append(item_name(facts["data_type"]))
    return " ".join(part if part.endswith((".", "”")) else f"{part}." for part in parts)


def _change(event: Event) -> str:
    field = f"{event.facts['field']}: " if event.facts.get("field") else ""
    if event.before and event.after:
        return f"{field}{event.before} → {event.after}"
    return f"{field}{event.after or event.before}"


def _ids(event: Event) -> list[tuple[str, str]]:
    told = (("Correlation", event.correlation_id), ("Event", event.delivery_id))
    return [(name, value) for name, value in told if value]
