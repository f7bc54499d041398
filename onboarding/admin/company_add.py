"""A new company by hand: on our side, with its first person, and an invitation if asked."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from .. import tasks
from ..errors import OnboardingError
from ..models import Company
from ..nudge import nudge
from ..usecases import companies, invitations
from . import frame
from .act_forms import AddCompany

FIELDS = ("customer_id", "name", "email", "product", "language", "contact", "phone", "country", "time_zone")


def add(model_admin: Any, request: HttpRequest) -> HttpResponse:
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    form = AddCompany(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            company = _create(request, form)
        except OnboardingError as error:
            frame.tell(request, error)
        else:
            messages.success(request, f"{company} is added.")
            return frame.to_company(company.pk)
    status = 422 if form.is_bound and form.errors else 200
    return frame.show(request, "admin/onboarding/company/add.html", "Invite a company", status, form=form)


def _create(request: HttpRequest, form: AddCompany) -> Company:
    """The company and its person stand even if the invitation cannot be written; staff then see what is missing."""
    told = form.cleaned_data
    by = frame.actor(request, told["reason"])
    company = companies.create(by=by, **{name: told[name] for name in FIELDS})
    companies.add_person(company, company.email, name=company.contact, by=by)
    if told["invite"]:
        invitations.invite(company, by=by)
        nudge(tasks.send_mails)
    return company
