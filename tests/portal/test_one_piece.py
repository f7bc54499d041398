"""However deep a request stood before, its calls fetch no memory one by one."""

import resource

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.one_piece import one_piece

WHO = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)  # Linux tells threads apart
CALLS, DEPTHS = 1000, 150  # a piece of 16 KB holds some 120 frames of a function as small as these


def leaf() -> None:
    pass


def fetched(depth: int) -> int:
    """Pages of memory that calls from so deep took of the system, one time after the other."""
    if depth:
        return fetched(depth - 1)
    before = resource.getrusage(WHO).ru_minflt
    for _ in range(CALLS):
        leaf()
    return resource.getrusage(WHO).ru_minflt - before


def test_calls_at_any_depth_lie_in_memory_that_is_there() -> None:
    most: list[int] = []

    def view(_request: HttpRequest) -> HttpResponse:
        most.append(max(fetched(depth) for depth in range(DEPTHS)))
        return HttpResponse()

    assert one_piece(view)(HttpRequest()).status_code == 200
    assert most[0] < CALLS / 2


def test_it_holds_for_pages_and_costs_webhooks_and_static_files_nothing() -> None:
    names = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]

    ours = names.index("one_piece")

    assert names.index("ShortWay") < ours > names.index("WhiteNoiseMiddleware")
    assert ours < names.index("SessionMiddleware")
