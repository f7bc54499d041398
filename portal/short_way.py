"""A machine's door: its request passes what guards the house, and nothing that is there for people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

DOOR = "/webhooks/"


class ShortWay:
    """Calls the webhook's view from here, before sessions, languages, forms, rights and messages.

    It needs none of them, and they cost more than keeping the event. A place among the middleware is simpler than
    an application of its own: the request's number, the networks, HTTPS, the headers of every answer and the pages
    for errors stay those of every URL, and the URLconf alone says which view answers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(DOOR):
            return self.get_response(request)
        try:
            match = request.resolver_match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.get_host()  # raises for a name that is not ours
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response.headers["Content-Length"] = str(len(response.content))
        return response
