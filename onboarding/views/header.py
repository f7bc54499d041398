"""The two buttons of every page's header: the other language, and sign out."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from .answers import see_other_url

A_YEAR = 365 * 24 * 60 * 60  # seconds


def page_of_ours(request: HttpRequest, told: str) -> str:
    """The address told, if it is one of this site; else the front door. Nobody is sent elsewhere by a form field."""
    is_ours = url_has_allowed_host_and_scheme(told, {request.get_host()}, require_https=request.is_secure())
    return told if told.startswith("/") and is_ours else "/"


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponseRedirect:
    """From now on this browser reads the chosen language, whatever the company's is."""
    answer = see_other_url(page_of_ours(request, request.POST.get("next", "")))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=A_YEAR,
            secure=settings.IS_HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return answer


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    logout(request)
    return see_other_url("/")
