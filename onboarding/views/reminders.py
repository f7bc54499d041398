"""The footer of every reminder: stop them, without signing in. Mail programs may press the button themselves."""

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ..models import Company
from ..usecases import links, mails
from . import errors
from .answers import at_home, see_other_url


@csrf_exempt  # one-click unsubscribing (RFC 8058) comes from a mail server; the signed token is the permission
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the question, POST stops them; twice is the same as once."""
    response = _answer(request, token)
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    told = links.read_reminders(token)
    company = Company.objects.filter(uid=told[0], erased_at=None).first() if told else None
    if told is None or company is None:
        return render(request, "onboarding/invite_unknown.html", status=404)
    at_home(request, company)
    if request.method == "POST":
        if not ratelimit.consume(request, action="reminders"):
            return errors.too_many(request, 1)
        mails.refuse_reminders(company, told[1])
        if "List-Unsubscribe" in request.POST:  # a mail server's own button: it takes no redirect
            return HttpResponse()
        return see_other_url(request.path)
    is_done = company.mail_refusals.filter(email=told[1]).exists()
    return render(request, "onboarding/reminders.html", {"company": company, "is_done": is_done})
