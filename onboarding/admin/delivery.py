"""Webhook deliveries: what came, what became of it; parked ones are replayed by Operations."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from .. import tasks
from ..models import Company, Delivery
from ..nudge import nudge
from ..usecases import timeline, webhooks
from . import frame, words
from .company_search import uuid_of
from .lists import Listed, select_across

REPLAYED_AT_ONCE = 10_000  # in one statement, well within a page's time
MOST = "These are the newest of those you chose. For older ones narrow the filter, or use the command replay_webhooks."
NAMED = 100  # ids that the line of the history keeps


class StandFilter(SimpleListFilter):
    title, parameter_name = "state", "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("parked", "Parked"), ("waiting", "Not handled yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        if self.value() == "parked":
            return queryset.filter(parked_at__isnull=False)
        return queryset.filter(done_at=None, parked_at=None) if self.value() == "waiting" else queryset


@admin.register(Delivery)
class DeliveryAdmin(Listed):
    key = ("-received_at", "-webhook_id")
    list_display = ("webhook_id", "event_type", "came", "became", "company")
    list_filter = (StandFilter,)
    search_fields = ("webhook_id",)
    search_label = "Find a delivery"
    search_help_text = "Webhook ID, event ID, or Codat company or connection ID, whole."
    change_list_template = "admin/onboarding/delivery/list.html"
    actions = ("replay_chosen",)
    offers_across = True
    readonly_fields = ("shown_payload",)

    def has_replay_delivery_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("onboarding.replay_delivery")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Raw payloads are for auditors; link URLs and passwords were taken out before they were kept."""
        fields = [field.name for field in Delivery._meta.fields if field.name != "payload"]
        return [*fields, "shown_payload"] if request.user.has_perm("onboarding.view_payload") else fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return Delivery.objects.defer("payload")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        held = Q(webhook_id=text) | Q(event_id=text)
        if uid := uuid_of(text):
            held |= Q(company_codat_id=uid) | Q(connection_codat_id=uid)
        return queryset.filter(held), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        select_across(request)
        return super().changelist_view(request, extra_context)

    def prepare(self, rows: list[Delivery]) -> None:
        ids = {row.company_codat_id for row in rows if row.company_codat_id}
        known = (
            {company.codat_id: company for company in Company.objects.filter(codat_id__in=ids).only("codat_id", "ref")}
            if ids
            else {}
        )
        for row in rows:
            row.owner = known.get(row.company_codat_id)  # type: ignore[attr-defined]

    @admin.display(description="Received")
    def came(self, row: Delivery) -> str:
        return words.when(row.received_at)

    @admin.display(description="Became")
    def became(self, row: Delivery) -> SafeString | str:
        if row.parked_at:
            return words.Word("Parked", "bad", "octagon").badge()
        if row.done_at:
            return row.outcome or "Done"
        return f"Waiting, tried {row.attempts} times" if row.attempts else "Waiting"

    @admin.display(description="Company")
    def company(self, row: Delivery) -> SafeString | str:
        owner = row.owner  # type: ignore[attr-defined]
        if owner is None:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:onboarding_company_change", args=[owner.pk]), owner.ref
        )

    @admin.display(description="Payload")
    def shown_payload(self, row: Delivery) -> SafeString:
        text = json.dumps(row.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="payload" tabindex="0">{}</pre>', text)

    @admin.action(description="Replay", permissions=["replay_delivery"])
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Harmless for those that were handled well: older news changes nothing."""
        if request.POST.get("select_across") == "1":
            newest = queryset.order_by(*self.key)
            ids = list(newest.values_list("pk", flat=True)[:NAMED])  # now: a filter may fit them no more afterwards
            count = webhooks.replay(among=newest[:REPLAYED_AT_ONCE])
        else:
            ids = request.POST.getlist("_selected_action")
            count = webhooks.replay(ids=ids)
        _note(request, count, "chosen", ids)
        if count == REPLAYED_AT_ONCE:
            messages.warning(request, MOST)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("replay-parked/", self.admin_site.admin_view(replay_parked), name="delivery_replay_parked"),
            *super().get_urls(),
        ]


@require_POST
@frame.needs("view_delivery", "replay_delivery")
def replay_parked(request: HttpRequest) -> HttpResponse:
    """All that were parked, once more."""
    _note(request, webhooks.replay(parked=True), "parked")
    return frame.see_other("onboarding_delivery_changelist")


def _note(request: HttpRequest, count: int, which: str, ids: Sequence[str] = ()) -> None:
    by = frame.actor(request, request.POST.get("reason", ""))
    facts = {"deliveries": count, "which": which, "ids": list(ids[:NAMED])}
    timeline.write("replayed", company=None, by=by, facts=facts)
    nudge(tasks.drain_deliveries)
    noun = "delivery is" if count == 1 else "deliveries are"
    messages.success(request, f"{count:,} {noun} handled again. Reload this page to see how each ends.")
