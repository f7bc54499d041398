"""P2: stored events handled in batches, next to an ORM loop and to a Celery task for each event."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from bench import rows, world
from bench.report import RUNS, Measure, at_least, medians, seconds, side_by_side, spread
from portal import memory
from tests.processes import Process

EVENTS = 10_000
CONNECTIONS = 2_000
LOOP_EVENTS, TASK_EVENTS = 200, 100  # enough for the slow ways
CHANGED = 100  # every so many tells a new status

_numbers = count()


def run(size: int) -> Iterator[Measure]:
    with world.database() as url:
        facts = rows.linked(CONNECTIONS * size)
        world.analyze()
        with TemporaryDirectory(prefix="portal-bench-") as folder:
            yield _measure(url, Path(folder), facts, EVENTS * size, RUNS if size == 1 else 1)


def _measure(url: str, folder: Path, facts: list[rows.Facts], events: int, runs: int) -> Measure:
    worker = _worker(url, folder)
    ways = {
        "loop": lambda: LOOP_EVENTS / _after(_store(facts, LOOP_EVENTS), _loop),
        "task": lambda: TASK_EVENTS / _after(_store(facts, TASK_EVENTS), _tasks),
        "ours": lambda: events / _after(_store(facts, events), _drain),
    }
    memory.settle()  # as in a worker
    try:
        _tasks(_store(facts, 4))  # the worker is warm
        _drain(_store(facts, events))
        world.analyze()  # lines of the timeline are known to the planner, as they are a minute after the first
        found = side_by_side(ways, runs)
    finally:
        worker.stop()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _drain(_store(facts, events))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    told = medians(found)
    return Measure(
        row="P2",
        name=f"handling of {events:,} stored events for {len(facts):,} connections, 1 % changing something",
        figures={
            "ORM loop": f"{told['loop']:,.0f}/s",
            "a Celery task each": f"{told['task']:,.0f}/s",
            "ours": f"{told['ours']:,.0f}/s",
            f"{events:,} more events take": f"{more:.0f} MB",
        },
        targets=[
            at_least("ours / loop", told["ours"] / told["loop"], 20),
            at_least("ours / tasks", told["ours"] / told["task"], 50),
        ],
        notes=f"{spread(found['loop'])}/s; samples of {LOOP_EVENTS} and {TASK_EVENTS} events for the naive ways",
    )


def _after(ids: list[str], work: Any) -> float:
    return seconds(lambda: work(ids))


def _store(facts: list[rows.Facts], events: int) -> list[str]:
    """Events as the endpoint keeps them, each a little newer than all before; returns their ids."""
    from onboarding.models import Delivery

    Delivery.objects.all().delete()
    start = datetime.now(UTC)
    made = [_event(facts[n % len(facts)], n, start) for n in range(events)]
    Delivery.objects.bulk_create(made, batch_size=2000)
    return [each.webhook_id for each in made]


def _event(of: rows.Facts, n: int, start: datetime) -> Any:
    """Mixed: of ten, six tell the status, two of reads, one of a write, one nothing that concerns us."""
    from onboarding.models import Delivery

    kind = ("connection.reconnected",) * 6 + ("read.completed",) * 2 + ("bills.write.successful", "company.updated")
    event_type = kind[n % 10]
    connection: dict[str, Any] = {"id": str(of.connection_id), "status": "Linked"}
    if n % CHANGED == 0:
        event_type, connection["status"] = "connection.disconnected", "Unlinked"
    types = [{"dataType": "bills", "status": "Complete", "connectionId": str(of.connection_id)}]
    return Delivery(
        webhook_id=f"msg_{uuid4().hex}",
        event_type=event_type,
        event_id=str(uuid4()),
        generated_at=start + timedelta(microseconds=next(_numbers)),
        company_codat_id=of.company_id,
        connection_codat_id=of.connection_id,
        payload={"connection": connection, "dataTypes": types} if event_type[0] in "cr" else {"type": "Created"},
        not_before=start,
    )


def _drain(_ids: list[str]) -> None:
    from onboarding.models import Delivery
    from onboarding.usecases import webhooks

    while webhooks.drain(limit=500):
        continue
    left = Delivery.objects.filter(done_at=None).count()
    assert not left, f"{left} are not done"


def _loop(ids: list[str]) -> None:
    from bench.per_event import handle

    for webhook_id in ids:
        handle(webhook_id)


def _tasks(ids: list[str]) -> None:
    """One message for each event, and a worker with two processes; until the last row is done."""
    from bench.per_event import task
    from onboarding.models import Delivery

    for webhook_id in ids:
        task.delay(webhook_id)
    until = time.monotonic() + 120
    while Delivery.objects.filter(done_at=None).exists():
        assert time.monotonic() < until, "the worker does not answer"
        time.sleep(0.02)


def _worker(url: str, folder: Path) -> Process:
    command = [sys.executable, "-m", "celery", "-q", "-A", "bench.per_event", "worker", "-c", "2", "-Q", "live"]
    worker = Process(
        "worker", [*command, "-l", "INFO"], {**os.environ, **world.settings_for(url), "LOG_LEVEL": "INFO"}, folder
    )
    worker.wait_for("ready.")
    return worker
