"""The mails that the demo would have sent. These addresses exist in demo mode only."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN = 50
# A mail's own styles may show; nothing in it may run, load or send.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


@dataclass(frozen=True, slots=True)
class Letter:
    name: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str

    @classmethod
    def read(cls, path: Path) -> "Letter":
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        at = datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, UTC)
        return cls(path.stem, at, str(mail["To"]), str(mail["Subject"]), _part(mail, "plain"), _part(mail, "html"))


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


@login_not_required
@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    newest = sorted(_folder().glob("*.eml"), reverse=True)[:SHOWN]
    return render(request, "onboarding/caught_mail.html", {"letters": [Letter.read(path) for path in newest]})


@login_not_required
@require_safe
@never_cache
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """The mail as a mail program would show it."""
    path = _folder() / f"{name}.eml"
    if not path.is_file():
        raise Http404
    html = Letter.read(path).html
    return HttpResponse(html, headers={"Content-Security-Policy": LETTER_POLICY, "Referrer-Policy": "no-referrer"})


def _folder() -> Path:
    return Path(settings.MAIL_DIR)
