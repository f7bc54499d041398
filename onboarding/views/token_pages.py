"""Pages with a token in their address: stored nowhere, and never named to another site."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponseBase]


class TokenPageCsrf(CsrfViewMiddleware):
    """The usual check, for forms on a page that says `no-referrer`.

    Browsers send `Origin: null` with those. That is let pass here, and proves nothing: the token in the form must
    still match the cookie, which no other site can read.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.META.get("HTTP_ORIGIN") == "null" or super()._origin_verified(request)  # type: ignore[misc]


_protected = decorator_from_middleware(TokenPageCsrf)


def token_page(view: View) -> View:
    """no-store, no-referrer, and forms that work all the same."""
    checked = _protected(view)

    @csrf_exempt  # from the middleware's own check: `checked` makes it, with its one exception
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = checked(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return page
