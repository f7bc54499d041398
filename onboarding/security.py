"""The one exception to our content policy: pages with a button that leaves for Codat Link."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseBase

from .codat.links import host_of, is_loopback

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def allow_leaving(view: View) -> View:
    """For views, and methods, that answer with such a page: their forms may end anywhere by https.

    Browsers check every hop after the POST: our own 303, Codat's Link, and the accounting software's host,
    which nobody can list.
    """

    @wraps(view)
    def widened(*args: object, **kwargs: object) -> HttpResponseBase:
        return let_leave(view(*args, **kwargs))

    return widened  # type: ignore[return-value]


def let_leave(response: HttpResponseBase) -> HttpResponseBase:
    """The same for a response that is made elsewhere, such as the admin's."""
    response._csp_update = {"form-action": _beyond()}  # type: ignore[attr-defined]
    return response


def _beyond() -> list[str]:
    """Where a form may lead besides this site; with an imitation of Codat, its Link pages on this machine too."""
    base = settings.CODAT_BASE_URL
    if not is_loopback(host_of(base)):
        return ["https:"]
    at_home = urlsplit(base)
    return ["https:", f"{at_home.scheme}://{at_home.netloc}", "http://127.0.0.1:*", "http://localhost:*"]
