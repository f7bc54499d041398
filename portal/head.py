"""Answers to HEAD have no body; Django's own server drops it, others expect us to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class NoBodyForHead:
    """The headers are those of GET, the length included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming and response.content:
            length = response.headers.get("Content-Length", str(len(response.content)))
            response.content = b""
            response.headers["Content-Length"] = length
        return response
