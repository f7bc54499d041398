"""Numbers for a machine that watches, in the Prometheus text format."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..usecases.watch import gauges
from ..usecases.watch.gauges import Gauge

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends `Authorization: Bearer METRICS_TOKEN`; a 404 for everybody else, and without a token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        raise Http404
    return HttpResponse("".join(_lines(gauges.read())), content_type=TEXT)


def _lines(numbers: Iterable[Gauge]) -> Iterable[str]:
    told: set[str] = set()
    for gauge in numbers:
        if gauge.name not in told:
            told.add(gauge.name)
            yield f"# HELP portal_{gauge.name} {gauge.help}\n# TYPE portal_{gauge.name} gauge\n"
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in gauge.labels)
        yield (
            f"portal_{gauge.name}{{{labels}}} {gauge.value:g}\n" if labels else f"portal_{gauge.name} {gauge.value:g}\n"
        )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
