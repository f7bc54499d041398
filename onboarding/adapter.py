"""allauth, by our rules: nobody signs up, codes are for customers and passwords for staff, mails are rows.

What allauth does for us: codes with their life and tries, limits, passwords, second factors, single sign-on.
"""

import base64
import hashlib
import hmac
import logging
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import get_language

from . import brand, sessions
from .models import User
from .usecases import mails, signin

logger = logging.getLogger(__name__)

CODE_MAIL = "account/email/login_code"
KNOWN_COOKIE = ("__Host-" if settings.IS_HTTPS else "") + "known"
KNOWN_SALT = "onboarding.known-browser"
A_YEAR_SECONDS = 365 * 24 * 60 * 60


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This email address and password do not go together.",
        "too_many_login_attempts": "Too many tries. Wait 15 minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent from a request. Codes become rows; allauth's other mails do not exist here."""
        if template_prefix == CODE_MAIL:
            next_path = self.next_path(context["request"])
            signin.send_code(email, context["code"], next_path=next_path, language=get_language() or "en")

    @staticmethod
    def next_path(request: HttpRequest) -> str:
        return signin.safe_next(request.POST.get("next") or request.GET.get("next") or "")

    def is_safe_url(self, url: str) -> bool:
        return bool(signin.safe_next(url or ""))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return "/admin/" if getattr(request.user, "is_staff", False) else "/"

    def add_message(self, request: HttpRequest, level: int, *args: Any, **more: Any) -> None:
        """Pages say themselves what happened; only staff's errors have no other place."""
        if level >= messages.ERROR:
            super().add_message(request, level, *args, **more)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        sessions.begin(request)

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        """Once, whichever way somebody came in: the browser is known from now on, and a mail's button counts."""
        response = super().post_login(request, user, **more)
        token = _pressed_token(response.get("Location", ""))
        if token:
            mails.note_pressed(token)
        remember_browser(request, response, user.email)
        logger.info("signed in", extra={"user": user.pk, "is_staff": user.is_staff})
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return limit_key(request, credentials.get("email", ""))

    def reauthenticate(self, user: User, password: str) -> bool:
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """The same as for an address that nobody has."""
        return redirect("account_login" if user.is_staff else "account_request_login_code")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        logger.warning("sign-in failed", extra={"address": self.get_client_ip(request)})


def _pressed_token(location: str) -> str:
    """The `m` of the page that somebody goes on to, if a mail's button led there."""
    _path, _mark, query = location.partition("?")
    return next((part[2:] for part in query.split("&") if part.startswith("m=")), "")


def limit_key(request: HttpRequest, email: str) -> str:
    """Whose tries are counted together: an address, apart for each browser that it has signed in with before.

    So a stranger who uses up the tries of somebody's address does not lock that person out.
    """
    address = User.objects.normalize_email(email)
    try:
        owner, nonce = signing.loads(request.COOKIES.get(KNOWN_COOKIE, ""), salt=KNOWN_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return address
    return f"{address}|{nonce}" if hmac.compare_digest(str(owner), _owner(address)) else address


def remember_browser(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """A signed cookie that opens nothing: it only gives this browser tries of its own."""
    told = signing.dumps([_owner(email), get_random_string(16)], salt=KNOWN_SALT)
    response.set_cookie(
        KNOWN_COOKIE, told, max_age=A_YEAR_SECONDS, secure=settings.IS_HTTPS, httponly=True, samesite="Lax"
    )


def _owner(email: str) -> str:
    return salted_hmac(KNOWN_SALT, email).hexdigest()


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors, with their secrets encrypted in the database under SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.error("a second factor was stored under another SECRET_KEY: its person must enrol anew")
            return base64.b32encode(secrets.token_bytes(20)).decode()  # nobody's: no code will ever fit it

    def get_totp_issuer(self) -> str:
        return brand.name()

    def _get_site_name(self) -> str:
        return brand.name()


def _fernet() -> MultiFernet:
    """The newest SECRET_KEY encrypts; older ones still decrypt while keys are rotated."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"mfa:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class StaffSsoAdapter(DefaultSocialAccountAdapter):
    """Single sign-on (OpenID Connect) for staff whose account exists here already, by a verified address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Raises an immediate answer for anybody who is not staff of ours."""
        user = sociallogin.user if sociallogin.is_existing else _staff_named_by(sociallogin)
        if user is None or not user.is_staff or not user.is_active:
            logger.warning("single sign-on refused")
            raise ImmediateHttpResponse(redirect("socialaccount_login_error"))
        if not sociallogin.is_existing:
            sociallogin.connect(request, user)


def _is_true(told: object) -> bool:
    """Some providers send the word, and "false" is a word too."""
    return told is True or str(told).lower() == "true"


def _staff_named_by(sociallogin: Any) -> User | None:
    """The staff account of an address that the provider has verified; an unverified one is anybody's."""
    verified = {address.email.lower() for address in sociallogin.email_addresses if _is_true(address.verified)}
    return User.objects.filter(email__in=verified, is_staff=True, is_active=True).first() if verified else None
