"""Signs of life for whoever watches: open, quick, and without a secret."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..models import Heartbeat

STALE_SECONDS = 60  # the clock sends a heartbeat every 15
OK = "ok"

_migrated = False  # never changes back while this process lives


@login_not_required
@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of anybody, so a broken database does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Whether customers can be served: 200, or 503 with what is wrong in words."""
    try:
        found = {"database": OK, "migrations": _migrations(), "worker": _worker()}
    except DatabaseError:
        found = {"database": "does not answer"}
    is_ready = set(found.values()) == {OK}
    return JsonResponse({"ready": is_ready, **found}, status=200 if is_ready else 503)


def _migrations() -> str:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if pending:
            return f"{pending} not applied"
        _migrated = True
    return OK


def _worker() -> str:
    """The clock sends, the worker writes: one fresh row proves both, and the broker between them."""
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return "never seen"
    age = timezone.now() - beat.at
    return OK if age < timedelta(seconds=STALE_SECONDS) else f"last seen {int(age.total_seconds())} s ago"
