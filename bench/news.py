"""P3: from a webhook's 200 to the right status in the database, through the web process, the broker and the worker."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from bench import handling, load, rows, servers, world
from bench.report import Measure, at_most, percentile
from tests.kit import sign
from tests.processes import QUEUES, Process

CONNECTIONS = 2_000
NEWS, EVERY_SECONDS = 60, 0.2
REPLAYED = 50_000
WAIT_SECONDS = 120.0
LOOK_SECONDS = 0.02
PATH = "/webhooks/codat/"


def run(size: int) -> Iterator[Measure]:
    with world.database() as url, TemporaryDirectory(prefix="portal-bench-") as folder, ExitStack() as stack:
        facts = rows.linked(CONNECTIONS)
        world.analyze()
        port = stack.enter_context(servers.gunicorn("portal.wsgi", url, Path(folder)))
        for process in _worker_and_clock(url, Path(folder)):
            stack.callback(process.stop)
        _waits(port, facts[:2])  # the worker is warm
        yield _measure("worker idle", _waits(port, facts[100 : 100 + NEWS]), 2)
        handling._store(facts[1000:], REPLAYED * size)
        waits = _waits(port, facts[200 : 200 + NEWS])
        yield _measure(f"during a replay of {REPLAYED * size:,} messages", waits, 10, _left())


def _measure(name: str, waits: list[float], wanted: float, notes: str = "") -> Measure:
    half, late = percentile(waits, 0.5), percentile(waits, 0.95)
    return Measure(
        row="P3",
        name=f"webhook accepted to status in the database, {name}",
        figures={"p50": f"{half:.2f} s", "p95": f"{late:.2f} s"},
        targets=[at_most("p95 in s", late, wanted)],
        notes=notes or f"{len(waits)} messages, one every {EVERY_SECONDS:g} s",
    )


def _worker_and_clock(url: str, folder: Path) -> Iterator[Process]:
    """As `make run` starts them."""
    settings = {**os.environ, **world.settings_for(url), "LOG_LEVEL": "INFO"}
    celery = [sys.executable, "-m", "celery", "-q", "-A", "portal"]
    worker = Process(
        "worker", [*celery, "worker", "-P", "threads", "-c", "4", "-Q", ",".join(QUEUES)], settings, folder
    )
    yield worker
    worker.wait_for("ready.")
    yield Process("beat", [*celery, "beat"], settings, folder)


def _waits(port: int, facts: list[rows.Facts]) -> list[float]:
    """Seconds from each answer to the status that the message told, as another connection sees it."""
    accepted: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}
    watcher = threading.Thread(target=_watch, args=[{fact.connection_id for fact in facts}, seen])
    watcher.start()
    for fact in facts:
        told = load.send_all(port, [_unlinked(fact)], 1)
        assert told.statuses == {"200": 1}, told.statuses
        accepted[fact.connection_id] = time.monotonic()
        time.sleep(EVERY_SECONDS)
    watcher.join()
    assert len(seen) == len(facts), f"only {len(seen)} of {len(facts)} arrived"
    return [max(0.0, seen[each] - accepted[each]) for each in accepted]


def _watch(wanted: set[UUID], seen: dict[UUID, float]) -> None:
    from django.db import connection

    from onboarding.models import Connection

    until = time.monotonic() + WAIT_SECONDS
    while wanted and time.monotonic() < until:
        right: Any = Connection.objects.filter(codat_id__in=wanted, status="Unlinked")
        found = set(right.values_list("codat_id", flat=True))
        seen.update(dict.fromkeys(found, time.monotonic()))
        wanted -= found
        time.sleep(LOOK_SECONDS)
    connection.close()


def _unlinked(fact: rows.Facts) -> bytes:
    message_id, stamp = f"msg_{uuid4().hex}", int(time.time())
    connection = {"id": str(fact.connection_id), "integrationKey": "gbol", "platformName": "Xero", "status": "Unlinked"}
    payload = {"referenceCompany": {"id": str(fact.company_id), "name": "Customer Ltd"}, "connection": connection}
    told = {"id": str(uuid4()), "eventType": "connection.disconnected", "generatedDate": datetime.now(UTC).isoformat()}
    body = json.dumps(told | {"payload": payload}).encode()
    signature = sign(world.SECRET, message_id, stamp, body)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
    return load.post(PATH, body, headers)


def _left() -> str:
    from onboarding.models import Delivery

    return f"{Delivery.objects.filter(done_at=None).count():,} were still to do when the last news had arrived"
