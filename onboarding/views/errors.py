"""When there is no page: a title, one sentence, one action, the help block. 500 and 503 need no database."""

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token
from redis.exceptions import RedisError

from .. import brand
from ..errors import wait


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A company that is not the person's, whether it exists or not, reads the same as any other: `forbid`."""
    is_company = request.path.startswith("/c/") and request.user.is_authenticated
    if is_company:
        text = _("Your account, %(email)s, is not on its list. Ask the person who invited you.")
        return _page(
            request, 404, _("You cannot open this company."), text % {"email": getattr(request.user, "email", "")}
        )
    title, text = _("This page does not exist."), _("Check the address, or go back to your companies.")
    return _page(request, 404, title, text)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A connector, or staff, whose right ends here."""
    email = getattr(request.user, "email", "")
    if not email:
        return _page(
            request, 403, _("This page does not exist."), _("Check the address, or go back to your companies.")
        )
    text = _("Your account, %(email)s, is not on its list. Ask the person who invited you.") % {"email": email}
    return _page(request, 403, _("You cannot open this company."), text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was made for another session: mostly somebody who signed in again in another tab."""
    title = _("You were signed out to protect your account.")
    return _page(request, 403, title, _("Sign in again: you will come back to the same page."))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return HttpResponse(_static("500.html", ""), status=400)


def too_large(request: HttpRequest) -> HttpResponse:
    """413: more than any form of ours sends. Nothing of it was read."""
    return HttpResponse(_static("500.html", ""), status=413)


def file_too_large(request: HttpRequest) -> HttpResponse:
    """413 for staff, whose file is over what the import page takes."""
    context = {
        "title": _("The file is larger than 50 MB."),
        "text": _("Nothing of it was stored. Use the command onboard_companies, or divide the file."),
        "action_url": request.path,
        "action_words": _("Choose another file"),
    }
    return render(request, "onboarding/error.html", context, status=413)


def too_many(request: HttpRequest, minutes: int) -> HttpResponse:
    """429, for whatever limit was reached."""
    return _page(request, 429, _("You have tried many times in a short while."), wait(minutes))


def went_wrong(request: HttpRequest) -> HttpResponse:
    """500: static words in both languages, with the request's number if it is known. 503 without database or cache."""
    if isinstance(sys.exception(), OperationalError | RedisError):
        return unavailable(request)
    return HttpResponse(_static("500.html", getattr(request, "request_id", "")), status=500)


def unavailable(request: HttpRequest, at: str = "") -> HttpResponse:
    """503 while the site is worked on. `at`: when it will be back, if that is known."""
    answer = HttpResponse(_static("503.html", "", at), status=503)
    answer["Retry-After"] = "600"
    return answer


def _static(template: str, ref: str, at: str = "") -> str:
    return render_to_string(template, {"ref": ref, "at": at, "brand": brand.name(), "support": brand.support()})


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    context = {"title": title, "text": text, "status": status}
    return render(request, "onboarding/error.html", context, status=status)
