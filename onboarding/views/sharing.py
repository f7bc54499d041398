"""Two ways on for a customer who cannot connect alone: ask a colleague, or tell us of software we do not list."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from .. import queries
from ..errors import OnboardingError, explain
from ..models import Company, Invitation, Role
from ..nudge import nudge
from ..tasks import send_mails
from ..usecases import invitations
from .access import company_of, customer, person, surroundings
from .answers import say, see_other_url

PAGE_AND_FORM = require_http_methods(["GET", "HEAD", "POST"])


class ShareForm(forms.Form):
    email = forms.EmailField(
        max_length=254,
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


@PAGE_AND_FORM
def share(request: HttpRequest, ref: str) -> HttpResponse:
    """Send a colleague a link, and see which were sent."""
    company = company_of(request, ref)
    form = ShareForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                sent = invitations.share(company, **form.cleaned_data, by=customer(request))
            except OnboardingError as error:
                told = explain(error)
                form.add_error("email", f"{told.title} {told.text}")
                status = told.status
            else:
                return _sent(request, company, sent)
    return render(request, "onboarding/share.html", _share_facts(request, company, form), status=status)


def _share_facts(request: HttpRequest, company: Company, form: ShareForm) -> dict[str, object]:
    current = queries.current(company)
    platform = current.software_name if current else _("the accounting software")
    return surroundings(company) | {
        "form": form,
        "platform": platform,
        "name": str(person(request)),
        "sent": invitations.shared_of(company),
    }


def _sent(request: HttpRequest, company: Company, sent: Invitation) -> HttpResponse:
    nudge(send_mails)
    words = _("We have written to %(email)s. The link works for 14 days.") % {"email": sent.email}
    messages.success(request, f"{_('Sent.')}\n{words}")
    return see_other_url(f"/c/{company.ref}/share/")


def _shared(company: Company, pk: int) -> Invitation:
    """A link that this company's own people sent."""
    found = Invitation.objects.filter(company=company, role=Role.CONNECTOR, pk=pk).select_related("company", "by")
    return get_object_or_404(found)


@require_POST
def share_again(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    company = company_of(request, ref)
    try:
        again = invitations.share_again(_shared(company, pk), by=customer(request))
    except OnboardingError as error:
        say(request, error, company)
        return see_other_url(f"/c/{company.ref}/share/")
    return _sent(request, company, again)


@require_POST
def share_withdraw(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    company = company_of(request, ref)
    invitations.revoke(_shared(company, pk), by=customer(request))
    return see_other_url(f"/c/{company.ref}/share/")


@PAGE_AND_FORM
def other(request: HttpRequest, ref: str) -> HttpResponse:
    """Software that we do not list: its name goes to staff, who write back."""
    company = company_of(request, ref)
    form = SoftwareForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                invitations.ask_for_software(company, form.cleaned_data["software"], by=customer(request))
            except OnboardingError as error:
                told = explain(error)
                form.add_error("software", f"{told.title} {told.text}")
                status = told.status
            else:
                messages.success(request, f"{_('Sent.')}\n{_('We will write to you within 2 working days.')}")
                return see_other_url(f"/c/{company.ref}/other/")
    return render(request, "onboarding/other.html", surroundings(company) | {"form": form}, status=status)
