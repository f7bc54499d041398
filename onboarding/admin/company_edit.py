"""The Edit tab: what staff may correct of a company, field by field on record."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from ..errors import OnboardingError
from ..lifecycle import Status
from ..usecases import companies
from . import desk, frame
from .act_forms import EditCompany
from .desk import Desk

FIELDS = ("customer_id", "name", "email", "product", "language", "contact", "phone", "country", "time_zone")


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("view_company", "change_company")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    the = desk.load(pk, frame.staff(request))
    if the.company.erased_at:
        messages.error(request, "This company was erased: there is nothing to edit.")
        return frame.to_company(pk)
    form = _form(request, the)
    if request.method == "POST" and form.is_valid():
        return _save(request, the, form)
    status = 422 if form.is_bound else 200
    return frame.show(
        request, "admin/onboarding/company/edit.html", the.company.name, status, the=the, company=the.company, form=form
    )


def _form(request: HttpRequest, the: Desk) -> EditCompany:
    initial = {name: getattr(the.company, name) for name in FIELDS}
    is_fixed = any(row.status != Status.DELETED for row in the.connections)
    data = request.POST if request.method == "POST" else None
    return EditCompany(data, initial=initial, user=request.user, product_is_fixed=is_fixed)


def _save(request: HttpRequest, the: Desk, form: EditCompany) -> HttpResponse:
    """Only the fields that this person changed: another may have saved others since the page was shown."""
    told = {name: form.cleaned_data[name] for name in FIELDS if name in form.changed_data}
    try:
        changed = companies.change(the.company, by=frame.actor(request, form.cleaned_data["reason"]), **told)
    except OnboardingError as error:
        frame.tell(request, error)
        return frame.see_other("company_edit", the.company.pk)
    messages.success(request, f"Saved: {', '.join(changed).replace('_', ' ')}." if changed else "Nothing was changed.")
    return frame.to_company(the.company.pk)
