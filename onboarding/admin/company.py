"""Companies: the list of picture 16. The page of one company is in `company_page`."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..lifecycle import Status
from ..models import Company, Connection, Kind
from ..platforms import name_of
from ..prepared import Once
from ..states import State
from . import badges, bulk, company_add, company_edit, company_page, company_search, preview, words
from .company_filters import FILTERS, inviters
from .lists import Listed, select_across

NEVER_SHOWN_IN_LISTS = ("search_text", "tags", "codat_products", "codat_name", "phone")
SUGGESTIONS = 8


@cache
def _companies() -> QuerySet[Company]:
    """With the two numbers that badges show, looked up for the rows of the page alone.

    Built once in a process and never asked itself: the look-ups take longer to build than the page's rows to read.
    """
    alive = Connection.objects.filter(company=OuterRef("pk"), kind=Kind.ACCOUNTING).exclude(status=Status.DELETED)
    newest = alive.order_by("-pk")
    return (
        Company.objects.filter(erased_at=None)
        .defer(*NEVER_SHOWN_IN_LISTS)
        .annotate(
            shown_reads=Once(newest.filter(status=Status.LINKED).values("reads")[:1]),
            shown_failures=Once(newest.values("failures")[:1]),
        )
    )


@admin.register(Company)
class CompanyAdmin(Listed):
    key = ("turn", "state_since", "id")
    drawn_from = (*key, "name", "ref", "product", "platform_key", "state", "needs", "last_read_at")
    list_display = ("company", "status", "software", "for_product", "waiting_since", "last_read", "next_step")
    list_filter = FILTERS
    search_fields = ("search_text",)
    search_label = "Find a company"
    search_help_text = (
        "Name, reference (MSB-4821), customer ID, email, organisation in the software, Codat company or connection "
        "ID, event or correlation ID."
    )
    actions = (bulk.send_link, bulk.check_status, bulk.read_data, bulk.export)
    change_list_template = "admin/onboarding/company/list.html"
    offers_across = True

    # Rights

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("onboarding.add_company")

    def has_act_in_bulk_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("onboarding.act_in_bulk")

    def has_export_companies_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("onboarding.export_companies")

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        return _companies().all()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """An exact reference or id opens the company at once."""
        told = request.GET.get("q", "")
        if request.method == "GET" and told and self.has_view_permission(request):
            found = company_search.exact(told)
            if found:
                return HttpResponseRedirect(reverse("admin:onboarding_company_change", args=[found]))
        select_across(request)
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Company], search_term: str
    ) -> tuple[QuerySet[Company], bool]:
        return (company_search.narrow(queryset, search_term) if search_term.strip() else queryset), False

    # Columns

    @admin.display(description="Company")
    def company(self, row: Company) -> SafeString:
        return format_html('<bdi class="name">{}</bdi> <span class="ref">{}</span>', row.name, row.ref)

    @admin.display(description="Status")
    def status(self, row: Company) -> SafeString:
        return badges.of(row, row.shown_reads, row.shown_failures)  # type: ignore[attr-defined]

    @admin.display(description="Software")
    def software(self, row: Company) -> str:
        return name_of(row.platform_key) if row.platform_key else "–"

    @admin.display(description="Product")
    def for_product(self, row: Company) -> str:
        return words.SHORT_PRODUCTS.get(row.product, row.product)

    @admin.display(description="Waiting since")
    def waiting_since(self, row: Company) -> str | SafeString:
        if row.turn > 1 or row.state_since is None:
            return "–"
        return format_html('<time datetime="{}">{}</time>', row.state_since.isoformat(), words.age(row.state_since))

    @admin.display(description="Last read")
    def last_read(self, row: Company) -> str:
        return words.when(row.last_read_at)

    @admin.display(description="Next step")
    def next_step(self, row: Company) -> str:
        if row.needs:
            return words.need_of(row.needs).short
        state = State(row.state)
        patience = words.PATIENCE.get(state)
        if patience and row.state_since and timezone.now() - row.state_since < patience:
            return "Wait"
        return words.NEXT_STEPS.get(state, "–")

    # One company

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return company_page.page(self, request, object_id)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return company_add.add(self, request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All that happened stands in the timeline; Django's own log knows only its own forms."""
        return HttpResponseRedirect(reverse("admin:onboarding_company_change", args=[object_id]) + "#timeline")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("inviters/", self._inviters, name="company_inviters"),
            path("bulk/<slug:kind>/", bulk.confirm, name="company_bulk"),
            path("<int:pk>/edit/", company_edit.edit, name="company_edit"),
            path("<int:pk>/do/<slug:name>/", company_page.act, name="company_act"),
            path("<int:pk>/link/", company_page.link, name="company_link"),
            path("<int:pk>/as-customer/", preview.look, name="company_as_customer"),
            path("<int:pk>/as-customer/<slug:page>/", preview.page, name="company_as_customer_page"),
        ]
        for pattern in own:
            pattern.callback = self.admin_site.admin_view(pattern.callback)
        return [*own, *super().get_urls()]

    def _inviters(self, request: HttpRequest) -> HttpResponse:
        """Suggestions for "invited by": a handful of `<option>`s."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        found = inviters(request.GET.get("invited_by", "")).order_by("name", "email")[:SUGGESTIONS]
        rows = ((user.email, user.name) for user in found)
        return HttpResponse(format_html_join("", '<option value="{}">{}</option>', rows))
