"""Addresses of ours that carry a signature under SECRET_KEY: the database alone opens none of them.

A token is read back without asking the database; what it still allows is the caller's question.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone

from ..models import Company, Invitation, Mail, SignInLink, User

INVITATION = "onboarding.invitation"
REMINDERS = "onboarding.reminders"
PRESSED = "onboarding.pressed"


def absolute(path: str) -> str:
    """A page of ours as people reach it: from the configured address, never from a request's."""
    return f"{settings.PUBLIC_URL}{path}"


def _signer(salt: str) -> signing.Signer:
    return signing.Signer(salt=salt, sep=".")


def invitation_path(invitation: Invitation) -> str:
    return f"/invite/{_signer(INVITATION).sign(invitation.uid.hex)}/"


def invitation_url(invitation: Invitation) -> str:
    """Where the invitation is accepted. Always the same, so that staff can read it out again."""
    return absolute(invitation_path(invitation))


def read_invitation(token: str) -> UUID | None:
    """The uid that we signed, or None for a token that is not ours."""
    try:
        return UUID(_signer(INVITATION).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def reminders_url(company: Company, email: str) -> str:
    """Where this address stops the reminders about this company, without signing in."""
    token = signing.dumps([company.uid.hex, email], salt=REMINDERS, compress=True)
    return absolute(f"/reminders/{token}/")


def read_reminders(token: str) -> tuple[UUID, str] | None:
    """The company's uid and the address, or None for a token that is not ours."""
    try:
        uid, email = signing.loads(token, salt=REMINDERS)
        return UUID(uid), str(email)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def pressed(mail: Mail, path: str) -> str:
    """The address of a mail's button: a page of ours that also tells which mail was pressed."""
    joint = "&" if "?" in path else "?"
    return absolute(f"{path}{joint}m={_signer(PRESSED).sign(str(mail.pk))}")


def read_pressed(token: str) -> int | None:
    """The mail's primary key, or None for a token that is not ours."""
    try:
        return int(_signer(PRESSED).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def sign_in_url(user: User, next_path: str, lives: timedelta) -> str:
    """A one-time address that signs a customer in. Only a digest of its token is kept."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(user=user, digest=digest(token), next_path=next_path, expires_at=timezone.now() + lives)
    return absolute(f"/sign-in/link/{token}/")


def digest(token: str) -> str:
    """What the database keeps of a random token; 256 bits of it need no slower hash."""
    return hashlib.sha256(token.encode()).hexdigest()
