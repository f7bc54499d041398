"""The calls that draw a page lie in one piece of memory."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

WORDS = 16_384  # of 8 bytes; Python takes twice as much for it, so that as much is left for all the calls within


def one_piece(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware whose own call asks for more room than it ever uses.

    Python keeps the frames of its calls in pieces of 16 KB, and gives a piece back as soon as nothing lies in it. A
    page's calls go through several. Where a loop calls across the end of one, each of its calls fetches memory from
    the system and gives it back, which takes a hundred times as long as the call; where that happens depends on how
    deep somebody stood before. The same page of the admin took 6 to 13 ms by that alone. Room that is never touched
    costs nothing, but the piece itself takes 60 µs: it comes after what answers without drawing.
    """

    def call(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    call.__code__ = call.__code__.replace(co_stacksize=WORDS)
    return call
