"""What the machinery did, to be looked at: events, mails, connections, sweeps, alarms, requests, notes."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ..models import Alarm, Connection, Event, Mail, Sweep
from ..usecases import timeline
from ..usecases.watch import alarm_words, alarms
from . import frame, story, words
from .company_search import events_with, uuid_of
from .lists import Listed

FOUND = 500  # events with one id: more are not told apart by it


def company_link(pk: int | None, text: str) -> SafeString | str:
    if pk is None:
        return "–"
    return format_html('<a href="{}">{}</a>', reverse("admin:onboarding_company_change", args=[pk]), text)


@admin.register(Event)
class EventAdmin(Listed):
    """The history of all companies, and of what concerns none: pauses, imports, exports, replays."""

    list_display = ("at_time", "what", "source", "who", "of_company", "correlation_id")
    list_select_related = ("by", "company")
    search_fields = ("correlation_id",)
    search_label = "Find an event"
    search_help_text = "Correlation ID or webhook ID, whole; or the kind, such as deletion.done."
    fields = (
        "company", "connection", "kind", "at", "recorded_at", "source", "by", "reason", "before", "after",
        "told", "is_problem", "correlation_id", "delivery_id",
    )  # fmt: skip
    readonly_fields = ("told",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        text = search_term.strip()
        if not text or text in story.TITLES:
            return (queryset.filter(kind=text) if text else queryset), False
        columns = ("correlation_id", "delivery_id")
        found = [pk for column in columns for pk in events_with(column, text).values_list("pk", flat=True)[:FOUND]]
        return queryset.filter(pk__in=found), False

    @admin.display(description="At")
    def at_time(self, row: Event) -> str:
        return timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S")

    @admin.display(description="What")
    def what(self, row: Event) -> str:
        return story.TITLES.get(row.kind, row.kind)

    @admin.display(description="Who")
    def who(self, row: Event) -> str:
        return str(row.by) if row.by else "–"

    @admin.display(description="Company")
    def of_company(self, row: Event) -> SafeString | str:
        return company_link(row.company_id, row.company.ref if row.company else "")

    @admin.display(description="Facts")
    def told(self, row: Event) -> SafeString:
        return format_html(
            '<pre class="payload" tabindex="0">{}</pre>', json.dumps(row.facts, indent=2, ensure_ascii=False)
        )


class MailStateFilter(SimpleListFilter):
    title, parameter_name = "state", "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", "Given up"), ("bounced", "Bounced"), ("waiting", "Waiting")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        if self.value() == "failed":
            return queryset.filter(failed_at__isnull=False)
        if self.value() == "bounced":
            return queryset.filter(bounced_at__isnull=False)
        return queryset.filter(sent_at=None, failed_at=None, dropped_at=None) if self.value() == "waiting" else queryset


@admin.register(Mail)
class MailAdmin(Listed):
    """Mails, without what they said: a row's facts may name a code until it is sent."""

    list_display = ("written", "kind", "to", "became", "of_company")
    list_select_related = ("company",)
    list_filter = (MailStateFilter,)
    search_fields = ("to",)
    search_label = "Find mails"
    search_help_text = "A whole address."
    exclude = ("facts", "once")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Mail], search_term: str
    ) -> tuple[QuerySet[Mail], bool]:
        text = search_term.strip().lower()
        return (queryset.filter(to=text) if text else queryset), False

    @admin.display(description="Written")
    def written(self, row: Mail) -> str:
        return words.when(row.created_at)

    @admin.display(description="Became")
    def became(self, row: Mail) -> str:
        if row.bounced_at:
            return f"Bounced {words.when(row.bounced_at)}"
        if row.failed_at:
            return f"Given up {words.when(row.failed_at)}"
        if row.dropped_at:
            return f"Not sent: {row.error}"
        if row.sent_at is None:
            return f"Waiting until {words.when(row.not_before)}"
        return f"Sent {words.when(row.sent_at)}" + (f", pressed {words.when(row.opened_at)}" if row.opened_at else "")

    @admin.display(description="Company")
    def of_company(self, row: Mail) -> SafeString | str:
        return company_link(row.company_id, row.company.ref if row.company else "")


@admin.register(Connection)
class ConnectionAdmin(Listed):
    list_display = ("name", "of_company", "status", "kind", "organisation", "seen")
    list_select_related = ("company",)
    search_fields = ("codat_id",)
    search_label = "Find a connection"
    search_help_text = "Codat's connection ID, whole."
    exclude = ("create_key",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Connection], search_term: str
    ) -> tuple[QuerySet[Connection], bool]:
        text = search_term.strip()
        uid = uuid_of(text)
        if not text:
            return queryset, False
        return (queryset.filter(codat_id=uid) if uid else queryset.none()), False

    @admin.display(description="Connection")
    def name(self, row: Connection) -> str:
        return str(row.codat_id or f"not made yet ({row.pk})")

    @admin.display(description="Company")
    def of_company(self, row: Connection) -> SafeString | str:
        return company_link(row.company_id, row.company.ref)

    @admin.display(description="Status seen")
    def seen(self, row: Connection) -> str:
        return words.when(row.seen_at)


@admin.register(Sweep)
class SweepAdmin(Listed):
    list_display = ("started_at", "finished_at", "asked", "seen", "changed", "gone", "missed_by_webhook", "is_whole")


@admin.register(Alarm)
class AlarmAdmin(Listed):
    list_display = ("what", "fix", "raised", "last", "cleared", "clear_button")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        shown = ("what", "fix", "raised", "last", "cleared")
        return (*shown, "clear_button") if request.user.has_perm("onboarding.change_alarm") else shown

    @admin.display(description="What")
    def what(self, row: Alarm) -> str:
        return alarm_words.explain(row)[0]

    @admin.display(description="Look at")
    def fix(self, row: Alarm) -> str:
        return alarm_words.explain(row)[1]

    @admin.display(description="Raised")
    def raised(self, row: Alarm) -> str:
        return words.when(row.raised_at)

    @admin.display(description="Last seen")
    def last(self, row: Alarm) -> str:
        return words.when(row.last_at)

    @admin.display(description="Cleared")
    def cleared(self, row: Alarm) -> str:
        return words.when(row.cleared_at)

    @admin.display(description="Clear")
    def clear_button(self, row: Alarm) -> SafeString | str:
        if row.cleared_at:
            return "–"
        url = reverse("admin:alarm_clear", args=[row.pk])
        return format_html(
            '<button class="plain" formaction="{}">Clear<span class="visually-hidden"> {}</span></button>',
            url,
            row.name,
        )

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/clear/", self.admin_site.admin_view(clear_alarm), name="alarm_clear"),
            *super().get_urls(),
        ]


@require_POST
@frame.needs("view_alarm", "change_alarm")
def clear_alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """A person has seen to it; if not, it is raised again by itself."""
    alarm = Alarm.objects.filter(pk=pk, cleared_at=None).first()
    if alarm is not None:
        alarms.clear(alarm.name)
        timeline.write("alarm.cleared", company=None, by=frame.actor(request), before=alarm.name)
        messages.success(request, f"Cleared: {alarm.name}.")
    return frame.see_other("onboarding_alarm_changelist")


@admin.register(LogEntry)
class LogEntryAdmin(Listed):
    """What was done in Django's own forms: staff accounts and their groups."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_select_related = ("user", "content_type")
