"""The customer's own pages as staff may look at them: read-only, under a banner, and on record."""

from collections.abc import Callable
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from .. import queries
from ..models import Company
from ..usecases import support
from ..views.answers import at_home
from ..views.choosing import choose_page
from ..views.companies import activity_page, home_page
from ..views.connections import connection_page
from . import frame

VIEWED = "viewed_as_customer"

PAGES: dict[str, Callable[[HttpRequest, Company], HttpResponse]] = {
    "home": lambda request, company: home_page(request, company, frame.staff(request), read_only=True),
    "connection": lambda request, company: cast(
        HttpResponse, connection_page(request, company, frame.staff(request), read_only=True)
    ),
    "choose": lambda request, company: choose_page(request, company, read_only=True),
    "activity": lambda request, company: activity_page(request, company, read_only=True),
}


@require_POST
@frame.needs("view_company", "view_as_customer")
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that this person looks, then show: a GET alone would change something, or show off the record."""
    company = _company(pk)
    support.note_viewed(company, by=frame.actor(request))
    request.session[VIEWED] = pk
    return frame.see_other("company_as_customer_page", pk, "home")


@require_safe
@frame.needs("view_company", "view_as_customer")
def page(request: HttpRequest, pk: int, page: str) -> HttpResponse:
    if page not in PAGES:
        raise Http404
    company = _company(pk)
    if request.session.get(VIEWED) != pk:
        return frame.to_company(pk)
    at_home(request, company)
    response = PAGES[page](request, company)
    if isinstance(response, HttpResponseRedirect):  # a page with nothing to show leads to the customer's own address
        return frame.see_other("company_as_customer_page", pk, "home")
    return response


def _company(pk: int) -> Company:
    company = queries.for_pages(Company.objects.filter(pk=pk, erased_at=None)).first()
    if company is None:
        raise Http404
    return company
