"""The mails that the demo would have sent. These addresses exist in demo mode only."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import mailbox

SHOWN = 50
# A mail's own styles may show; nothing in it may run, load or send.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


@login_not_required
@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "onboarding/caught_mail.html", {"letters": mailbox.newest(SHOWN)})


@login_not_required
@require_safe
@never_cache
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """The mail as a mail program would show it."""
    found = mailbox.find(name)
    if found is None:
        raise Http404
    headers = {"Content-Security-Policy": LETTER_POLICY, "Referrer-Policy": "no-referrer"}
    return HttpResponse(found.html, headers=headers)
