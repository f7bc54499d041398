"""Who may open which of a company's pages, and what every one of them shows around its own content."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from .. import brand, queries, words
from ..actors import Actor
from ..models import Company, Role, User
from .answers import at_home
from .shown import sky_of


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # sign-in is the default
    return request.user


def customer(request: HttpRequest) -> Actor:
    return Actor.customer(person(request))


def customer_of(company: Company) -> User:
    """The reader whom staff stand in for when they look at a customer's page; never saved."""
    return User(email=company.email, name=company.contact)


def company_of(request: HttpRequest, ref: str, *, is_for_connectors: bool = False) -> Company:
    """The company, in its language and time. A stranger gets 404; a connector, beyond what was asked of them, 403."""
    try:
        company = queries.company_of(person(request), ref)
    except Company.DoesNotExist:
        raise Http404 from None
    at_home(request, company)
    if is_connector(company) and not is_for_connectors:
        raise PermissionDenied
    return company


def is_connector(company: Company) -> bool:
    return getattr(company, "role", Role.MEMBER) == Role.CONNECTOR


def company_for_result(request: HttpRequest, ref: str) -> Company:
    """As `company_of`; a connector sees the connection that they made themselves, and no other."""
    company = company_of(request, ref, is_for_connectors=True)
    current = queries.current(company)
    if is_connector(company) and (current is None or current.started_by_id != person(request).pk):
        raise PermissionDenied
    return company


def surroundings(company: Company, *, read_only: bool = False) -> dict[str, Any]:
    """The context line, the notice of how Codat is, and what kind of reader this is."""
    return {
        "company": company,
        "product": brand.product_name(company.product),
        "shared_anchor": words.anchor_of(company.product),
        "sky": sky_of(company, queries.current(company)),
        "is_connector": is_connector(company),
        "read_only": read_only,
    }
