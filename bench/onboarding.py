"""P6: onboarding a file, next to the official SDK one company after the other, and next to bare requests.

The SDK is a package of the contract tests; where it is not installed, bare requests stand in for it, which are quicker.
"""

from __future__ import annotations

import base64
import csv
import io
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

import requests

from bench import world
from bench.report import Measure, at_least, at_most, medians, side_by_side, spread
from tests.kit import Sandbox

ROWS = 1_000
SEQUENTIAL_ROWS = 100
ANSWER_SECONDS = 0.05
FEW, MANY = 1_000, 100_000
PER_MINUTE = 600
MINUTES = 2

_numbers = count()


def run(size: int) -> Iterator[Measure]:
    with world.codat() as sandbox, world.database(CODAT_BASE_URL=sandbox.url) as url:
        sandbox.settings(latency_seconds=ANSWER_SECONDS)
        yield _rate(sandbox, ROWS * size, runs=5 if size == 1 else 1)
        yield _allowance(sandbox)
        sandbox.settings(latency_seconds=0.0)
        yield _memory(sandbox, url, MANY * size)


def file_of(rows: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("customer_id", "name", "email", "product", "language", "country"))
    first = next(_numbers) * 10_000_000
    for n in range(first, first + rows):
        writer.writerow((f"cust-{n}", f"Company {n} Ltd", f"owner{n}@customer.example", "bill_pay_async", "en", "GB"))
    return text.getvalue().encode()


def _rate(sandbox: Sandbox, rows: int, runs: int) -> Measure:
    cpu: dict[str, list[float]] = {"bare": [], "ours": []}
    sdk = _sdk(sandbox)

    def timed(name: str, work: Callable[[], int]) -> float:
        """Rows a second; the processor's time goes to `cpu`."""
        wall, busy = time.perf_counter(), time.process_time()
        done = work()
        cpu.setdefault(name, []).append((time.process_time() - busy) / done)
        return done / (time.perf_counter() - wall)

    ways = {
        "SDK": lambda: timed("SDK", sdk),
        "bare": lambda: timed("bare", lambda: _bare(sandbox)),
        "ours": lambda: timed("ours", lambda: _ours(rows)),
    }
    found = side_by_side(ways, runs)
    told, spent = medians(found), medians(cpu)
    uids = Counter(company["tags"].get("uid") for company in sandbox.companies())
    return Measure(
        row="P6",
        name=f"onboarding {rows:,} companies, 50 ms an answer, no limits",
        figures={
            **{f"{name}": f"{value:.0f} rows/s" for name, value in told.items()},
            **{f"{name}, processor": f"{value * 1000:.2f} ms/row" for name, value in spent.items() if name != "SDK"},
        },
        targets=[
            at_least("ours / SDK", told["ours"] / told["SDK"], 6),
            at_most("processor, ours / bare", spent["ours"] / spent["bare"], 2),
            at_most("companies of one uid", max(uids.values()), 1),
        ],
        notes=f"{spread(found['SDK'])} rows/s{'' if sdk.__name__ == 'by_sdk' else '; no SDK here: bare requests'}",
    )


def _sdk(sandbox: Sandbox) -> Callable[[], int]:
    try:
        from codat_platform import CodatPlatform
        from codat_platform.models import shared
    except ImportError:
        return lambda: _bare(sandbox)
    key = base64.b64encode(sandbox.api_key.encode()).decode()
    client = CodatPlatform(server_url=sandbox.url, security=shared.Security(auth_header=f"Basic {key}"))

    def by_sdk() -> int:
        for n in range(SEQUENTIAL_ROWS):
            client.companies.create(request={"name": f"Company {n} Ltd", "tags": {"uid": str(uuid4())}})
        return SEQUENTIAL_ROWS

    return by_sdk


def _bare(sandbox: Sandbox) -> int:
    key = base64.b64encode(sandbox.api_key.encode()).decode()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Basic {key}"
        for n in range(SEQUENTIAL_ROWS):
            body = {"name": f"Company {n} Ltd", "tags": {"uid": str(uuid4())}}
            session.post(f"{sandbox.url}/companies", json=body, timeout=30).raise_for_status()
    return SEQUENTIAL_ROWS


def _ours(rows: int) -> int:
    """From the file's bytes to the last answer recorded."""
    from onboarding.usecases import bulk

    batch = _accepted(file_of(rows))
    bulk.work(batch, seconds=float("inf"))
    told = bulk.progress(batch)
    assert told.done == rows, told
    return rows


def _accepted(content: bytes):  # type: ignore[no-untyped-def]
    from onboarding.actors import Actor
    from onboarding.forms import clean_row
    from onboarding.usecases import bulk

    return bulk.accept_file(io.BytesIO(content), clean=clean_row, by=Actor.command())


def _allowance(sandbox: Sandbox) -> Measure:
    """How much of a minute's allowance a run uses, and how often it asks for more than that."""
    from django.conf import settings

    from onboarding.usecases import bulk

    settings.CODAT_PER_MINUTE = PER_MINUTE
    sandbox.quota(daily=100_000_000, per_minute=PER_MINUTE)
    sandbox.forget_requests()
    batch = _accepted(file_of(PER_MINUTE * (MINUTES + 1)))
    bulk.work(batch, seconds=60 * MINUTES + 15)
    bulk.stop(batch, by=bulk.actor_of(batch))
    settings.CODAT_PER_MINUTE = 0
    sandbox.quota(daily=100_000_000)
    told = sandbox.requests()
    times = [datetime.fromisoformat(request.at) for request in told]
    begins = times[0] + timedelta(seconds=5)
    inside = sum(begins <= at < begins + timedelta(minutes=MINUTES) for at in times)
    return Measure(
        row="P6",
        name=f"the same with {PER_MINUTE} requests a minute allowed",
        figures={"asked": f"{inside / MINUTES:.0f} a minute"},
        targets=[
            at_least("share of the allowance", inside / (PER_MINUTE * MINUTES), 0.95),
            at_most("answers 429", sum(request.status == 429 for request in told), 0),
        ],
        notes=f"{MINUTES} minutes",
    )


def _memory(sandbox: Sandbox, url: str, many: int) -> Measure:
    few_peak, many_peak = (_peak(sandbox, url, rows) for rows in (FEW, many))
    return Measure(
        row="P6",
        name=f"memory of checking, storing and twenty seconds of work, {FEW:,} and {many:,} rows",
        figures={f"{FEW:,} rows": f"{few_peak:.0f} MB", f"{many:,} rows": f"{many_peak:.0f} MB"},
        targets=[at_most("many / few", many_peak / few_peak, 1.1)],
        notes="highest memory of a process of its own",
    )


def _peak(sandbox: Sandbox, url: str, rows: int) -> float:
    environment = {**os.environ, **world.settings_for(url, CODAT_BASE_URL=sandbox.url)}
    command = [sys.executable, "-m", "bench.one_file", str(rows)]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return int(told.split()[-1]) / 1024
