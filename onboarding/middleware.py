"""What holds for every page: a clock that is nobody else's."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Handler = Callable[[HttpRequest], HttpResponse]


class PageMiddleware:
    """A page starts in the site's time zone. That nobody stores it, portal.headers says."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        timezone.deactivate()  # threads are used again: the last page's company lived elsewhere
        return self.get_response(request)
