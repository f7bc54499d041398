"""No text with a NUL in it comes in: PostgreSQL keeps none, and no person types one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from onboarding.views import errors

NUL = "\x00"


class PlainText:
    """400 for an address, or a form of ours, that holds one: wherever it is looked up, it would end in an error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return errors.bad_request(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Forms alone: what a machine sends is read by its own view, and may be no form."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        has_nul = any(NUL in value for _name, values in request.POST.lists() for value in values)
        return errors.bad_request(request) if has_nul else None
