"""What a mail says: a row of mail becomes subject, words and button in the reader's language.

Nothing is sent from here, and nothing is changed but one: a token that a mail carries is made when its letter
is composed, so that no row ever holds one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from ... import brand
from ...lifecycle import Status
from ...models import Mail, MailRefusal, User
from ...states import AUTH_ERROR
from .. import links
from . import wording

NOBODY = "nobody has this address"
CODE_LIVES_SECONDS = 15 * 60
NUDGES = frozenset({"unfinished", "expired", "quiet"})


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, ready to leave. `text` and `html` say the same."""

    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)


def compose(mail: Mail, now: datetime) -> Letter:
    """The letter of a mail in its own language, with times in the company's time zone."""
    zone = mail.company.time_zone if mail.company and mail.company.time_zone else settings.TIME_ZONE
    with translation.override(mail.language), timezone.override(zone):
        words = wording.of(mail, now)
        stop_url = links.reminders_url(mail.company, mail.to) if mail.company and is_reminder(mail) else ""
        facts = {
            "words": words,
            "stop_url": stop_url,
            "brand": brand.name(),
            "support": brand.support(),
            "site": settings.PUBLIC_URL,
            "ref": mail.company.ref if mail.company else "",
            "primary": settings.BRAND_PRIMARY if not brand.objection(settings.BRAND_PRIMARY) else "#0B4A5A",
            "language": mail.language,
        }
        text = render_to_string("mail/letter.txt", facts)
        html = render_to_string("mail/letter.html", facts)
    return Letter(" ".join(words.subject.splitlines()), text, html, _headers(mail, stop_url))


def is_reminder(mail: Mail) -> bool:
    """Whether it is one of those that people may stop; first invitations, receipts and codes are not."""
    return mail.kind in NUDGES or bool(mail.facts.get("day"))


def _headers(mail: Mail, stop_url: str) -> dict[str, str]:
    host = urlsplit(settings.PUBLIC_URL).hostname
    headers = {
        "Message-ID": f"<mail-{mail.pk}-{mail.created_at:%Y%m%d%H%M%S}@{host}>",  # the same on every try
        "Auto-Submitted": "auto-generated",
    }
    if stop_url:
        headers["List-Unsubscribe"] = f"<{stop_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def unwanted(mail: Mail, now: datetime) -> str:
    """Why a mail should not leave after all; "" if it should. Asked at the moment of sending."""
    if mail.kind in ("code", "password"):
        return _unwanted_by_person(mail, now)
    if mail.company and mail.company.erased_at:
        return "the company was erased"
    if mail.invitation and mail.kind in ("invitation", "colleague"):
        return _unwanted_invitation(mail, now)
    if mail.kind in NUDGES and not mail.facts.get("asked"):
        return _unwanted_nudge(mail)
    return ""


def _unwanted_by_person(mail: Mail, now: datetime) -> str:
    """Codes go to customers, new passwords to staff, and nothing to anybody else."""
    if mail.kind == "code" and (now - mail.created_at).total_seconds() > CODE_LIVES_SECONDS:
        return "the code has ended"
    user = User.objects.filter(email=mail.to, is_active=True).first()
    if user is None or user.is_staff != (mail.kind == "password"):
        return NOBODY
    return ""


def _unwanted_invitation(mail: Mail, now: datetime) -> str:
    invitation = mail.invitation
    assert invitation is not None
    if invitation.accepted_at:
        return "the invitation was accepted"
    if invitation.revoked_at:
        return "the invitation was withdrawn"
    if invitation.expires_at <= now:
        return "the invitation has ended"
    return _stopped(mail) if mail.facts.get("day") else ""


def _unwanted_nudge(mail: Mail) -> str:
    connection = mail.connection
    if connection is None:
        return "the connection is gone"
    connection.refresh_from_db(fields=["status", "let_go_at", "reads"])
    fits = {
        "expired": connection.let_go_at is None
        and (
            connection.status == Status.DEAUTHORIZED
            or (connection.status == Status.LINKED and _has_auth_error(connection.reads))
        ),
        "quiet": connection.status == Status.LINKED,
        "unfinished": connection.is_pending,
    }
    if not fits[mail.kind]:
        return "no longer so"
    return _stopped(mail)


def _has_auth_error(reads: dict[str, dict[str, str]]) -> bool:
    return any(read.get("status") == AUTH_ERROR for read in reads.values())


def _stopped(mail: Mail) -> str:
    """Whether the person has had enough, or the address takes no mail."""
    if MailRefusal.objects.filter(company=mail.company, email=mail.to).exists():
        return "reminders were stopped"
    if Mail.objects.filter(company=mail.company, to=mail.to, bounced_at__isnull=False).exists():
        return "the address bounced"
    return ""
