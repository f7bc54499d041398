"""How our own admin pages answer: rights first, the site's frame around, 303 after every POST."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ..actors import Actor
from ..codat import CodatError
from ..errors import OnboardingError
from ..models import Company, User
from . import told

View = Callable[..., Any]


def needs(*rights: str) -> Callable[[View], View]:
    """A view for those who hold every one of these permissions; others get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.user.has_perms([f"onboarding.{right}" for right in rights]):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the site lets nobody else in
    return request.user


def actor(request: HttpRequest, reason: str = "") -> Actor:
    return Actor.staff(staff(request), reason.strip())


def show(request: HttpRequest, template: str, title: str, status: int = 200, **context: Any) -> TemplateResponse:
    """A page within the admin's frame."""
    frame = admin.site.each_context(request) | {"title": title, "opts": Company._meta}
    return TemplateResponse(request, template, frame | context, status=status)


def see_other(name: str, *args: Any, query: str = "") -> HttpResponseRedirect:
    """303 to a page of the admin."""
    response = HttpResponseRedirect(reverse(f"admin:{name}", args=args) + query)
    response.status_code = 303
    return response


def to_company(pk: int) -> HttpResponseRedirect:
    return see_other("onboarding_company_change", pk)


def tell(request: HttpRequest, error: OnboardingError | CodatError) -> None:
    """Why an action did nothing, on the next page."""
    messages.error(request, told.of(error))
