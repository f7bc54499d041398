"""The worker and the clock."""

import logging.config
import os
import sys
import time
from typing import Any

import structlog
from celery import Celery, Task, signals
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu.transport import TRANSPORT_ALIASES

from . import memory, spool

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "portal.redis_broker:Transport")  # before the app connects

app = Celery("portal")
app.set_default()  # for every thread, not only the one that reads this file
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["onboarding"])

AT_START = ("heartbeat", "refresh_platforms", "drain_deliveries", "follow_connections", "send_mails")


@app.task(name="portal.clear_spool")
def clear_spool() -> str:
    return f"removed {spool.clear(settings.SPOOL_DIR, time.time())}"


@signals.setup_logging.connect
def _begin(**_: Any) -> None:
    """The first signal of worker and clock alike. One that could never reach Codat does not start."""
    from onboarding import checks  # needs the settings, and this module is imported before them

    from . import reporting

    try:
        checks.demand()
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        if settings.CELERY_BROKER_URL.startswith("spool:"):
            spool.create(settings.SPOOL_DIR)
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(f"Cannot start: {error}")
    logging.config.dictConfig(settings.LOGGING)  # ours, in place of Celery's
    reporting.start()


@signals.worker_process_init.connect
@signals.worker_ready.connect
def _settle(**_: Any) -> None:
    """In each process of a pool, and in the worker itself, which may be the only one."""
    memory.settle()


@signals.beat_init.connect
def _catch_up(**_: Any) -> None:
    """What is due at once when the clock starts, not only after its first interval."""
    for name in AT_START:
        app.send_task(f"onboarding.tasks.{name}", expires=60, retry=False)


@signals.before_task_publish.connect
def _carry_request_id(headers: dict[str, Any], **_: Any) -> None:
    number = structlog.contextvars.get_contextvars().get("request_id")
    if number:
        headers.setdefault("request_id", number)


@signals.task_prerun.connect
def _bind(task_id: str, task: Task, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)
    if number := getattr(task.request, "request_id", None):
        structlog.contextvars.bind_contextvars(request_id=number)


@signals.task_postrun.connect
def _unbind(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()
