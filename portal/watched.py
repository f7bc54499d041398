"""Whoever watches asks by the machine's own address: a container's health check, a balancer, a scraper."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class AnyHost:
    """Those three pages are answered whatever name they are asked by: they repeat none, and link nowhere.

    All others are for ALLOWED_HOSTS alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PATHS:
            request.META["HTTP_HOST"] = self._host
        return self._get_response(request)
