"""The portal's addresses, and beside them a stock admin and a floor for the same lists."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from onboarding.models import Company, Event
from portal.urls import urlpatterns as ours

ROWS = 25

FLOOR = """{% extends "admin/base_site.html" %}{% block content %}<table>{% for cells in rows %}<tr>
{% for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endblock %}"""


class StockCompanies(admin.ModelAdmin):
    """As most would write it: columns of related rows, a search, a filter."""

    list_display = ("name", "ref", "state", "software", "status", "organisation")
    list_filter = ("platform_key",)
    search_fields = ("name", "ref", "email", "customer_id")

    def software(self, company: Company) -> str:
        first = company.connections.first()
        return first.platform_key if first else ""

    def status(self, company: Company) -> str:
        first = company.connections.first()
        return first.status if first else ""


class StockEvents(admin.ModelAdmin):
    list_display = ("at", "kind", "source", "company", "correlation_id")
    search_fields = ("correlation_id", "delivery_id", "kind")


stock = admin.AdminSite(name="stock")
stock.register(Company, StockCompanies)
stock.register(Event, StockEvents)


@staff_member_required
def floor_companies(request: HttpRequest) -> HttpResponse:
    columns = ("name", "ref", "state", "platform_key", "organisation", "last_read_at")
    return _floor(request, Company.objects.order_by("turn", "state_since", "id").values_list(*columns)[:ROWS])


@staff_member_required
def floor_events(request: HttpRequest) -> HttpResponse:
    columns = ("at", "kind", "source", "company__ref", "correlation_id")
    return _floor(request, Event.objects.order_by("-id").values_list(*columns)[:ROWS])


def _floor(request: HttpRequest, rows: object) -> HttpResponse:
    """A page of the admin's frame with one query's rows, in the order of an index, and nothing counted."""
    context = {**admin.site.each_context(request), "rows": rows}
    return HttpResponse(_template.render(context, request))


_template = engines["django"].from_string(FLOOR)
urlpatterns = [
    path("stock/", stock.urls),
    path("floor/company/", floor_companies),
    path("floor/event/", floor_events),
    *ours,
]
