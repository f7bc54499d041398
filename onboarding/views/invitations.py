"""The page that a mail scanner opens first: looking changes nothing, only pressing the button accepts."""

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from .. import brand, queries
from ..actors import Actor
from ..errors import LinkEnded, LinkUnknown, LinkUsed, OnboardingError, TooManyTries
from ..lifecycle import Source
from ..models import Company, Invitation, Role
from ..nudge import nudge
from ..tasks import send_mails
from ..usecases import invitations, platforms, signin
from . import errors
from .access import person
from .answers import as_see_other, at_home, see_other_url
from .token_pages import token_page


@login_not_required
@token_page
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who asks for what, and one button. A POST accepts, or sends a new one, or signs somebody else out."""
    if request.method == "POST" and not ratelimit.consume(request, action="invitation"):
        return errors.too_many(request, 1)
    try:
        found = invitations.read(token)
        at_home(request, found.company)
        if _is_somebody_else(request, found):
            return _somebody_else(request, found)
        if request.method == "POST":
            return _accept(request, token)
    except (LinkUnknown, LinkUsed, LinkEnded) as error:
        return _cannot(request, error)
    return render(request, "onboarding/invite.html", _facts(found))


def _is_somebody_else(request: HttpRequest, found: Invitation) -> bool:
    return request.user.is_authenticated and request.user.email != found.email


def _somebody_else(request: HttpRequest, found: Invitation) -> HttpResponse:
    if request.method == "POST" and request.POST.get("do") == "sign_out":
        logout(request)
        return see_other_url(request.path)
    context = {"company": found.company, "email": person(request).email, "masked": signin.masked(found.email)}
    return render(request, "onboarding/invite_other.html", context)


def _accept(request: HttpRequest, token: str) -> HttpResponse:
    accepted = invitations.accept(token)
    user = accepted.user
    url = _first_page(accepted.invitation.company)
    return as_see_other(perform_login(request, user, redirect_url=url, email=user.email))


def _first_page(company: Company) -> str:
    """Choose, as long as nothing is connected; a later colleague of the customer lands on the company's home."""
    return f"/c/{company.ref}/" if queries.linked(company) else f"/c/{company.ref}/connect/"


def _facts(found: Invitation) -> dict[str, object]:
    company = found.company
    return {
        "invitation": found,
        "company": company,
        "product": brand.product_name(company.product),
        "is_colleague": found.role == Role.CONNECTOR,
        "person": found.by,
        "choices": len(platforms.offered(company)),
    }


def _cannot(request: HttpRequest, error: OnboardingError) -> HttpResponse:
    """Ended, used, withdrawn or unknown: each with its own words and its one way on."""
    found: Invitation | None = error.facts.get("invitation")
    if found is None:
        return render(request, "onboarding/invite_unknown.html", status=error.http_status)
    at_home(request, found.company)
    if request.user.is_authenticated and found.accepted_by_id == request.user.pk:
        return see_other_url(f"/c/{found.company.ref}/")
    can_renew = isinstance(error, LinkEnded) and error.can_renew
    if request.method == "POST" and can_renew:
        return _renew(request, found)
    context = {
        "company": found.company,
        "masked": signin.masked(found.email),
        "is_used": isinstance(error, LinkUsed),
        "can_renew": can_renew,
    }
    if can_renew and request.GET.get("sent") == "1" and _has_newer(found):
        return render(request, "onboarding/invite_sent.html", context)
    return render(request, "onboarding/invite_over.html", context, status=error.http_status)


def _renew(request: HttpRequest, found: Invitation) -> HttpResponse:
    try:
        invitations.renew(found, by=Actor(Source.CUSTOMER))
    except TooManyTries as error:
        return errors.too_many(request, error.minutes)
    nudge(send_mails)
    return see_other_url(f"{request.path}?sent=1")


def _has_newer(found: Invitation) -> bool:
    return invitations.open_ones(found.company).filter(email=found.email).exists()
