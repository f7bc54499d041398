"""The admin opens to staff alone; with a second factor only, where STAFF_SECOND_FACTOR says so."""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from .usecases.signin import safe_next
from .views import errors

OPEN = ("login/", "logout/", "second-factor/", "reauthenticate/", "password-reset/", "sso/", "cancel/", "jsi18n/")
HAS_ONE = "has_second_factor"

Handler = Callable[[HttpRequest], HttpResponse]


class StaffOnly:
    """A signed-in customer finds nothing of staff's: not its doors either, where second factors are set up."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_customer = request.user.is_authenticated and not getattr(request.user, "is_staff", False)
        if is_customer and request.path.startswith("/admin/"):
            return errors.forbidden(request)
        return self.get_response(request)


class SecondFactor:
    """Sends staff without one to enrol first. allauth asks for it at each sign-in once it exists."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.STAFF_SECOND_FACTOR and _is_staff_in_admin(request) and not _has_one(request):
            back = safe_next(request.get_full_path())
            return redirect(f"{reverse('mfa_index')}?{urlencode({'next': back})}")
        return self.get_response(request)


def _is_staff_in_admin(request: HttpRequest) -> bool:
    if not request.path.startswith("/admin/") or request.path.startswith(tuple(f"/admin/{part}" for part in OPEN)):
        return False
    return bool(getattr(request.user, "is_staff", False))


def _has_one(request: HttpRequest) -> bool:
    """Remembered in the session, so that it costs one query a day. Company single sign-on brings its own."""
    if request.session.get(HAS_ONE):
        return True
    methods = {record.get("method") for record in get_authentication_records(request, request.user)}
    if "socialaccount" in methods or is_mfa_enabled(request.user, ["totp", "webauthn"]):
        request.session[HAS_ONE] = True
        return True
    return False
