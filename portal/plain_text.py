"""No text with a NUL in it comes in: PostgreSQL keeps none, and no person types one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from onboarding.views import errors

NUL = "\x00"


class PlainText:
    """Leaves NULs out of the query and of our own forms; an address with one is no page.

    Wherever such a text is looked up or stored, PostgreSQL would answer with an error.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path:
            return errors.not_found(request)
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "")
            request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any) -> None:
        """Forms alone: what a machine sends is read by its own view, and may be no form."""
        is_form = request.method == "POST" and not getattr(view, "csrf_exempt", False)
        if is_form and any(NUL in value for _name, values in request.POST.lists() for value in values):
            request.POST = _without_nul(request.POST)  # type: ignore[assignment]


def _without_nul(told: QueryDict) -> QueryDict:
    plain = QueryDict(mutable=True)
    for name, values in told.lists():
        plain.setlist(name.replace(NUL, ""), [value.replace(NUL, "") for value in values])
    return plain
