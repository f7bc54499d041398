"""P1: signed webhook events against four workers on PostgreSQL, next to a floor and to plain Django views."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from bench import load, servers, world
from bench.report import RUNS, Measure, at_least, at_most, medians, percentile, side_by_side, spread
from tests.kit import sign

EVENTS, LINES = 1_000, 8
SLOW, SLOW_SHARE = "Django's defaults", 5  # gets a fifth of the events, or all the time would be its
PATH = "/webhooks/codat/"


def run(size: int) -> Iterator[Measure]:
    with world.database() as url, TemporaryDirectory(prefix="portal-bench-") as folder, ExitStack() as stack:
        _tables()
        where = Path(folder)
        ports = {
            "floor": stack.enter_context(servers.gunicorn("bench.servers.floor", url, where)),
            "plain Django view": stack.enter_context(servers.gunicorn("bench.servers.plain", url, where)),
            "ours, row alone": stack.enter_context(servers.gunicorn("bench.servers.row_alone", url, where)),
            "ours": stack.enter_context(servers.gunicorn("portal.wsgi", url, where)),
            SLOW: stack.enter_context(servers.gunicorn("bench.servers.plain", url, where, PLAIN_MAX_AGE="0")),
        }
        yield _measure(ports, EVENTS * size)


def _tables() -> None:
    """The same columns and indexes for everybody, and where hints go; what differs is what stands before them."""
    from django.conf import settings
    from django.db import connection

    from portal import spool

    spool.create(settings.SPOOL_DIR)  # as a worker does: without it every hint would fail instead of being sent
    with connection.cursor() as cursor:
        for name in ("bench_floor", "bench_plain"):
            cursor.execute(f"CREATE TABLE {name} (LIKE onboarding_delivery INCLUDING ALL)")


class Loads:
    """Sends fresh events, or those of its last load again, and keeps every latency by the server's name."""

    def __init__(self, ports: dict[str, int], events: int) -> None:
        self.ports, self.events = ports, events
        self.latencies: dict[str, list[float]] = {}
        self._sent: dict[str, list[bytes]] = {}

    def new(self, name: str) -> float:
        self._sent[name] = [_event() for _ in range(self.events // (SLOW_SHARE if name == SLOW else 1))]
        return self._send(name, name)

    def again(self, name: str) -> float:
        return self._send(name, "duplicates")

    def _send(self, server: str, name: str) -> float:
        told = load.send_all(self.ports[server], self._sent[server], LINES)
        assert told.statuses == {"200": len(self._sent[server])}, f"{server} answered {told.statuses}"
        self.latencies.setdefault(name, []).extend(told.latencies)
        return told.rate


def _event() -> bytes:
    """As Codat writes and signs it: about 1 KB, each with ids of its own."""
    message_id, stamp = f"msg_{uuid4().hex}", int(time.time())
    connection = {"id": str(uuid4()), "integrationKey": "gbol", "platformName": "Xero", "status": "Linked"}
    connection |= {"linkUrl": f"https://link-api.codat.io/companies/{uuid4()}/connections/{uuid4()}/start?otp=123456"}
    payload = {"referenceCompany": {"id": str(uuid4()), "name": "Customer Ltd"}, "connection": connection}
    told = {"id": str(uuid4()), "eventType": "connection.connected", "generatedDate": datetime.now(UTC).isoformat()}
    body = json.dumps(told | {"payload": payload}).encode()
    signature = sign(world.SECRET, message_id, stamp, body)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
    return load.post(PATH, body, headers)


def _measure(ports: dict[str, int], events: int) -> Measure:
    loads = Loads(ports, events)
    for name in ports:
        loads.new(name)  # every worker has its connection
    loads.latencies.clear()
    ways = {name: lambda name=name: loads.new(name) for name in ports if name != "ours"}
    ways |= {"ours": lambda: loads.new("ours"), "duplicates": lambda: loads.again("ours")}
    found = side_by_side(ways, RUNS)
    told = medians(found)
    late = {name: percentile(values, 0.99) * 1000 for name, values in loads.latencies.items()}
    shown = {name: f"{rate:,.0f}/s (p99 {late[name]:.0f} ms)" for name, rate in told.items()}
    return Measure(
        row="P1",
        name=f"webhook intake, {events:,} signed events over {LINES} connections",
        figures=shown,
        targets=[
            at_least("ours / floor", told["ours"] / told["floor"], 0.45),
            at_least("ours / row alone", told["ours"] / told["ours, row alone"], 0.9),
            at_most("p99 / floor's", late["ours"] / late["floor"], 2.5),
            at_least("duplicates / new", told["duplicates"] / told["ours"], 1),
        ],
        notes=f"{spread(found['floor'])}/s",
    )
