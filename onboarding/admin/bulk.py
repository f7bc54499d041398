"""Bulk actions of the companies list: what was selected or found, a page with the count, then a batch or a file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from .. import tasks
from ..models import BatchKind, Company
from ..nudge import nudge
from ..platforms import name_of
from ..usecases import bulk, timeline
from ..usecases.bulk.cells import escaped
from . import frame, words
from .act_forms import REASON

AT_A_TIME = 1000
LONGEST_ID = 19  # digits: what a column of the database can hold
EXPORTED = ("Reference", "Customer ID", "Name", "Email", "Status", "Since", "Needs", "Software", "Product", "Language")
ALSO_EXPORTED = ("Organisation", "Last read", "Invited", "Linked", "Codat company ID")


@dataclass(frozen=True, slots=True)
class Many:
    """One bulk action. `kind` is None for a file that is made at once."""

    words: str
    right: str
    kind: BatchKind | None
    explains: str


MANY = {
    "send-link": Many(
        "Send invitation or link again",
        "act_in_bulk",
        BatchKind.REMIND,
        "Each company gets the mail that fits where it stands: invitation, finish connecting, or reconnect. Those "
        "that are connected are left out, and nobody gets more than three a day.",
    ),
    "check": Many(
        "Check with Codat",
        "act_in_bulk",
        BatchKind.CHECK,
        "Codat is asked once for each company, within the quota that is free; customers come first.",
    ),
    "read": Many(
        "Read data now",
        "act_in_bulk",
        BatchKind.READ,
        "Codat reads the data of each connected company again. Those that are not connected are left out.",
    ),
    "export": Many("Export CSV", "export_companies", None, "A file with one line for each company."),
}


def _to_confirm(kind: str, request: HttpRequest, queryset: QuerySet[Company]) -> HttpResponse:
    """With "select all" the filter goes on, and never the ids."""
    if request.POST.get("select_across") == "1":
        return frame.see_other("company_bulk", kind, query=f"?{request.GET.urlencode()}")
    ids = ",".join(request.POST.getlist(ACTION_CHECKBOX_NAME))
    return frame.see_other("company_bulk", kind, query=f"?{urlencode({'ids': ids})}")


@admin.action(description=MANY["send-link"].words, permissions=["act_in_bulk"])
def send_link(model_admin: Any, request: HttpRequest, queryset: QuerySet[Company]) -> HttpResponse:
    return _to_confirm("send-link", request, queryset)


@admin.action(description=MANY["check"].words, permissions=["act_in_bulk"])
def check_status(model_admin: Any, request: HttpRequest, queryset: QuerySet[Company]) -> HttpResponse:
    return _to_confirm("check", request, queryset)


@admin.action(description=MANY["read"].words, permissions=["act_in_bulk"])
def read_data(model_admin: Any, request: HttpRequest, queryset: QuerySet[Company]) -> HttpResponse:
    return _to_confirm("read", request, queryset)


@admin.action(description=MANY["export"].words, permissions=["export_companies"])
def export(model_admin: Any, request: HttpRequest, queryset: QuerySet[Company]) -> HttpResponse:
    return _to_confirm("export", request, queryset)


class Confirm(forms.Form):
    reason = forms.CharField(label=f"{REASON} (optional)", max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, kind: str) -> HttpResponseBase:
    """GET says how many; POST stores the rows, and the worker does the rest."""
    many = MANY.get(kind)
    if many is None:
        raise Http404
    if not request.user.has_perms([f"onboarding.{many.right}", "onboarding.view_company"]):
        raise PermissionDenied
    asked = request.GET.urlencode()
    companies = _chosen(request)
    form = Confirm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _do(request, many, companies, form.cleaned_data["reason"], asked)
    count = companies.count()
    title = f"{many.words}: {count:,} {'company' if count == 1 else 'companies'}"
    return frame.show(request, "admin/onboarding/company/bulk.html", title, many=many, count=count, form=form)


def _chosen(request: HttpRequest) -> QuerySet[Company]:
    """The companies of the ids, or of the list's filters and search, as the address tells them."""
    told = request.GET.copy()
    if "ids" in told:
        ids = [int(part) for part in str(told["ids"]).split(",") if part.isdecimal() and len(part) < LONGEST_ID]
        return Company.objects.filter(pk__in=ids, erased_at=None)
    model_admin = admin.site.get_model_admin(Company)
    try:
        return model_admin.get_changelist_instance(request).queryset
    except IncorrectLookupParameters:  # a filter that the list does not have chooses nothing; the list says so too
        return Company.objects.none()


def _do(request: HttpRequest, many: Many, companies: QuerySet[Company], reason: str, asked: str) -> HttpResponseBase:
    by = frame.actor(request, reason)
    if many.kind is None:
        count = companies.count()
        timeline.write("exported", company=None, by=by, facts={"companies": count, "filter": asked})
        return _file(companies)
    batch = bulk.accept_companies(many.kind, companies.order_by(), by=by, name=many.words)
    nudge(tasks.drain_batches)
    return frame.see_other("onboarding_batch_change", batch.pk)


class _Line:
    """What csv writes to: each row is handed on as it comes."""

    def write(self, text: str) -> str:
        return text


def _file(companies: QuerySet[Company]) -> StreamingHttpResponse:
    name = f"companies-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    response = StreamingHttpResponse(_rows(companies), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(companies: QuerySet[Company]) -> Iterator[str]:
    """By primary key, a thousand at a time: memory does not grow with the file."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([*EXPORTED, *ALSO_EXPORTED])
    last = 0
    while rows := list(companies.filter(pk__gt=last).order_by("pk")[:AT_A_TIME]):
        for row in rows:
            yield writer.writerow([escaped(str(cell)) for cell in _cells(row)])
        last = rows[-1].pk


def _cells(row: Company) -> list[Any]:
    return [
        row.ref,
        row.customer_id,
        row.name,
        row.email,
        words.state_of(row.state).words,
        _iso(row.state_since),
        words.need_of(row.needs).word.words if row.needs else "",
        name_of(row.platform_key) if row.platform_key else "",
        row.product,
        row.language,
        row.organisation,
        _iso(row.last_read_at),
        _iso(row.invited_at),
        _iso(row.linked_at),
        row.codat_id or "",
    ]


def _iso(at: Any) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
