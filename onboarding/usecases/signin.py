"""How customers prove who they are without a password: a mailed code, or a link that works once.

The code itself, its life and its tries are allauth's (`onboarding.adapter`); here are the rows, the links, and
the rules that hold for both.
"""

import logging
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from ..errors import LinkEnded, LinkUnknown
from ..models import Mail, SignInLink, User
from . import links
from .mails import outbox

logger = logging.getLogger(__name__)

LINK_LIVES = timedelta(days=1)
NEXT_LENGTH = 300  # characters, as SignInLink keeps them
NEVER_NEXT = re.compile(r"^/(sign-in|sign-out|language|invite|reminders)(/|$)")


def safe_next(told: str) -> str:
    """The page of ours that a text names, else "": never another site, whatever tricks its spelling plays."""
    if not told.startswith("/") or not told.isprintable() or "\\" in told:
        return ""
    if not url_has_allowed_host_and_scheme(told, allowed_hosts=None):
        return ""
    path = urlsplit(told).path
    return "" if "//" in path or NEVER_NEXT.match(path) else told


def _kept(next_path: str) -> str:
    """As much of it as a link can carry: a long query is dropped, never cut."""
    path = safe_next(next_path)
    return path if len(path) <= NEXT_LENGTH else urlsplit(path).path[:NEXT_LENGTH]


def link_for(user: User, next_path: str = "", *, lives: timedelta = LINK_LIVES) -> str:
    """A whole address that signs this customer in once. ValueError for staff: they sign in with a password."""
    if user.is_staff:
        raise ValueError("staff sign in at /admin/login/")
    return links.sign_in_url(user, _kept(next_path), lives)


def read_link(token: str, now: datetime | None = None) -> SignInLink:
    """The link that a token belongs to, if it still signs somebody in; nothing is used up.

    Raises LinkUnknown, or LinkEnded once it was used, is too old, or its person may no longer sign in.
    """
    link = SignInLink.objects.select_related("user").filter(digest=links.digest(token)).first()
    if link is None:
        raise LinkUnknown
    is_over = link.used_at is not None or link.expires_at <= (now or timezone.now())
    if is_over or not link.user.is_active or link.user.is_staff:
        raise LinkEnded(next_path=link.next_path)
    return link


def use_link(token: str, now: datetime | None = None) -> SignInLink:
    """Use the link up: of two presses at once, one wins and the other raises LinkEnded. Raises as `read_link`."""
    moment = now or timezone.now()
    link = read_link(token, moment)
    with transaction.atomic():
        won = SignInLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=moment).update(used_at=moment)
    if not won:
        raise LinkEnded(next_path=link.next_path)
    return link


def send_code(email: str, code: str, *, next_path: str, language: str) -> Mail | None:
    """The row of a mailed code. Written for any address typed: the worker finds out whether it is somebody's.

    So the request does the same work, and takes the same time, for an address that has no account.
    """
    return outbox.enqueue("code", to=email, language=language, facts={"code": code, "next": _kept(next_path)})


def send_password(email: str) -> Mail | None:
    """A new password for staff, by mail; a row for any address typed, as with codes."""
    return outbox.enqueue("password", to=email, language="en")


def end_sessions(user: User) -> None:
    """Sign a person out everywhere, at once.

    Every session carries a digest of the password field: a new unusable one ends them all. Customers have no
    password to lose by it; staff choose a new one by mail.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    SignInLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())
    logger.info("sessions ended", extra={"user": user.pk})


def masked(email: str) -> str:
    """An address that its owner knows again and nobody else can read: `p•••@marlow.example`."""
    local, _at, domain = email.partition("@")
    return f"{local[:1] if len(local) > 1 else ''}•••@{domain}"
