"""Signs of life: the clock sends, the worker writes, and whoever asks whether all is well reads the row."""

from datetime import datetime

from django.utils import timezone

from ...models import Heartbeat

WORKER = "worker"


def beat(name: str = WORKER, *, detail: str = "", now: datetime | None = None) -> None:
    """This part of the machinery is alive now."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now or timezone.now(), "detail": detail[:200]})
