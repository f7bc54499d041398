"""Two ways on for a customer who cannot connect alone: ask a colleague, or tell us of software we do not list."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from .. import brand, queries
from ..actors import Actor
from ..errors import OnboardingError, explain
from ..models import Company, Invitation, Role
from ..nudge import nudge
from ..platforms import name_of
from ..tasks import send_mails
from ..usecases import invitations
from . import errors
from .answers import at_home, say, see_other_url

PAGE_AND_FORM = require_http_methods(["GET", "HEAD", "POST"])


class ShareForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Their email address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Enter an email address, like name@example.com"),
            "invalid": gettext_lazy("Enter an email address, like name@example.com"),
        },
    )
    note = forms.CharField(
        label=gettext_lazy("A short message (optional)"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SoftwareForm(forms.Form):
    software = forms.CharField(
        label=gettext_lazy("Name of your software"),
        max_length=120,
        error_messages={"required": gettext_lazy("Enter the name of your software.")},
    )


def _company(request: HttpRequest, ref: str) -> Company:
    """A company that the person may open, in whatever role; a stranger gets 404."""
    try:
        company = queries.company_of(request.user, ref)
    except Company.DoesNotExist as error:
        raise Http404 from error
    at_home(request, company)
    return company


@PAGE_AND_FORM
def share(request: HttpRequest, ref: str) -> HttpResponse:
    """Send a colleague a link, and see which were sent."""
    company = _company(request, ref)
    if company.role == Role.CONNECTOR:
        return errors.forbidden(request)
    form = ShareForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                sent = invitations.share(company, **form.cleaned_data, by=Actor.customer(request.user))
            except OnboardingError as error:
                told = explain(error)
                form.add_error("email", f"{told.title} {told.text}")
                status = told.status
            else:
                return _sent(request, company, sent)
    return render(request, "onboarding/share.html", _share_facts(request, company, form), status=status)


def _share_facts(request: HttpRequest, company: Company, form: ShareForm) -> dict[str, object]:
    current = queries.current(company)
    platform = name_of(current.platform_key, current.platform_name) if current else _("the accounting software")
    return {
        "company": company,
        "product": brand.product_name(company.product),
        "form": form,
        "platform": platform,
        "name": str(request.user),
        "sent": invitations.shared_of(company),
    }


def _sent(request: HttpRequest, company: Company, sent: Invitation) -> HttpResponse:
    nudge(send_mails)
    words = _("We have written to %(email)s. The link works for 14 days.") % {"email": sent.email}
    messages.success(request, f"{_('Sent.')}\n{words}")
    return see_other_url(f"/c/{company.ref}/share/")


def _shared(company: Company, pk: int) -> Invitation:
    """A link that this company's own people sent; nobody else's, and not for a colleague to handle."""
    if company.role == Role.CONNECTOR:
        raise Http404
    found = Invitation.objects.filter(company=company, role=Role.CONNECTOR, pk=pk).select_related("company", "by")
    return get_object_or_404(found)


@require_POST
def share_again(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    company = _company(request, ref)
    try:
        again = invitations.share_again(_shared(company, pk), by=Actor.customer(request.user))
    except OnboardingError as error:
        say(request, error)
        return see_other_url(f"/c/{company.ref}/share/")
    return _sent(request, company, again)


@require_POST
def share_withdraw(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    company = _company(request, ref)
    invitations.revoke(_shared(company, pk), by=Actor.customer(request.user))
    return see_other_url(f"/c/{company.ref}/share/")


@PAGE_AND_FORM
def other(request: HttpRequest, ref: str) -> HttpResponse:
    """Software that we do not list: its name goes to staff, who write back."""
    company = _company(request, ref)
    form = SoftwareForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            invitations.ask_for_software(company, form.cleaned_data["software"], by=Actor.customer(request.user))
            messages.success(request, f"{_('Sent.')}\n{_('We will write to you within 2 working days.')}")
            return see_other_url(f"/c/{company.ref}/other/")
        status = 422
    context = {"company": company, "product": brand.product_name(company.product), "form": form}
    return render(request, "onboarding/other.html", context, status=status)
