"""P4: a sweep, next to downloading and parsing the pages alone, and next to get and save for each row."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from time import perf_counter
from uuid import uuid4

import requests

from bench import world
from bench.report import Measure, at_least, at_most, medians, seconds, side_by_side, spread
from portal import memory
from tests.kit import Sandbox

RUNS = 3  # each takes half a minute
COMPANIES = 100_000
NAIVE_SAMPLE = 1000
PAGE_SIZE = 100
CHANGED = 100  # every so many


def run(size: int) -> Iterator[Measure]:
    with world.codat() as sandbox, world.database(CODAT_BASE_URL=sandbox.url) as url:
        yield _measure(sandbox, url, COMPANIES * size, runs=RUNS if size == 1 else 1)


def _measure(sandbox: Sandbox, url: str, companies: int, runs: int) -> Measure:
    sandbox.fill(companies, 1.2, (uuid4() for _ in range(companies)))
    ids = world.take_over(sandbox)
    rounds = count()

    def drift() -> None:
        """Every hundredth connection changes, unheard, and others in each round."""
        for connection_id in ids[next(rounds) :: CHANGED]:
            sandbox.drift(connection_id, "Unlinked")

    ways = {
        "pages alone": lambda: seconds(lambda: _download(sandbox)),
        "our client alone": lambda: seconds(_parse),
        "ours": lambda: seconds(_sweep),
    }
    memory.settle()  # as in a worker
    found = side_by_side(ways, runs, drift)
    told = medians(found)
    sample = ids[NAIVE_SAMPLE : 2 * NAIVE_SAMPLE]
    get, save = (each / NAIVE_SAMPLE for each in _naive(sample))
    naive, every = (get + save / CHANGED) * len(ids), (get + save) * len(ids)
    sandbox.forget_requests()
    queries, peak = _sweep_elsewhere(sandbox, url)
    asked = len(sandbox.requests(path="^/companies"))
    return Measure(
        row="P4",
        name=f"sweep of {companies:,} companies, {len(ids):,} connections, 1 % changed",
        figures={
            **{name: f"{value:.1f} s" for name, value in told.items()},
            "get each row, save the changed": f"{naive:.0f} s",
            "get and save every row": f"{every:.0f} s",
            "requests": f"{asked:,}",
            "queries per page": f"{queries / asked:.1f}",
            "peak memory": f"{peak:.0f} MB",
        },
        targets=[
            at_most("ours / pages alone", told["ours"] / told["pages alone"], 2),
            at_least("get and save every row / ours", every / told["ours"], 25),
            at_most("requests / pages", asked / (companies / PAGE_SIZE), 1),
            at_most("peak MB", peak, 150),
        ],
        notes=f"{spread(found['pages alone'])} s; naive from {NAIVE_SAMPLE:,} rows",
    )


def _download(sandbox: Sandbox) -> None:
    """The floor: bare requests and JSON."""
    key = base64.b64encode(sandbox.api_key.encode()).decode()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Basic {key}"
        number, has_next = 1, True
        while has_next:
            query = {"page": str(number), "pageSize": str(PAGE_SIZE), "orderBy": "name"}
            page = session.get(f"{sandbox.url}/companies", params=query, timeout=30).json()
            number, has_next = number + 1, "next" in page["_links"]


def _parse() -> None:
    """The pages as our client reads them for a sweep, behind no gate."""
    from onboarding.wiring import Errand, codat

    client, number, has_next = codat(Errand.BACKGROUND).with_gate(None), 1, True
    while has_next:
        page = client.glimpse_companies(page=number, page_size=PAGE_SIZE, order_by="name")
        number, has_next = number + 1, page.has_next


def _sweep() -> None:
    from onboarding.usecases import sync

    word = sync.run()
    assert word.startswith("whole"), word


def _sweep_elsewhere(sandbox: Sandbox, url: str) -> tuple[int, float]:
    """Queries, and the most memory in MB, of a process that does nothing but one sweep."""
    environment = {**os.environ, **world.settings_for(url, CODAT_BASE_URL=sandbox.url)}
    command = [sys.executable, "-m", "bench.one_sweep"]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    return int(told[0]), int(told[1]) / 1024


def _naive(ids: list[str]) -> tuple[float, float]:
    """What most integrations do with a list that they were told: seconds to find each row, and to save each."""
    from django.utils import timezone

    from onboarding.models import Connection

    started = perf_counter()
    rows = [Connection.objects.get(codat_id=codat_id) for codat_id in ids]
    found = perf_counter() - started
    for row in rows:
        row.seen_at = timezone.now()
        row.save()
    return found, perf_counter() - started - found
