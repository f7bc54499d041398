"""Codat down, frozen, slow and garbled: pages are shown, nothing is lost, and work goes on by itself (C10, U6, R2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from onboarding.lifecycle import Status
from onboarding.models import Batch, Company, Quota
from tests import factories
from tests.bulk.files import accepted, csv_of, good_rows
from tests.chaos.moments import Visitor
from tests.chaos.traffic import customers
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.servers import Redis
from tests.stacks import MakePortal, count
from tests.wire import Wire

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
Tell = Callable[[str], None]


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    """The line to Codat."""
    with Wire(urlsplit(sandbox.url).port or 0) as line:
        yield line


@pytest.fixture
def portal(make_large: MakePortal, redis_server: Redis, wire: Wire) -> Portal:
    codat = f"http://127.0.0.1:{wire.port}"
    return make_large(broker_url=redis_server.url(0), cache_url=redis_server.url(1), CODAT_BASE_URL=codat)


@pytest.mark.parametrize("trouble", ["cut", "freeze"])
def test_pages_are_shown_while_codat_is_away(portal: Portal, sandbox: Sandbox, wire: Wire, trouble: str) -> None:
    factories.enable_platforms()
    [row] = customers(sandbox, 1, Status.LINKED)
    visitor = Visitor(portal, 1)
    visitor.company = row.company
    factories.Membership.objects.create(company=row.company, user=visitor.user)
    portal.start_web()
    getattr(wire, trouble)()
    began = time.monotonic()
    shown = [visitor.browser.get(path).status_code for path in (visitor.home, f"{visitor.home}connection/")]
    clicked = visitor.browser.post(f"{visitor.home}connection/check/", timeout_seconds=30)

    assert shown == [200, 200]
    assert clicked.status_code == 303
    assert time.monotonic() - began < 25
    wire.mend()
    portal.begin_task("sweep").wait()
    assert reconcile(sandbox) == []


def test_sweep_and_bulk_go_on_when_codat_is_back(portal: Portal, sandbox: Sandbox, wire: Wire, tell: Tell) -> None:
    sandbox.quota(daily=1_000_000)
    sandbox.settings(latency_seconds=0.05)
    customers(sandbox, 20)
    portal.start_worker()
    portal.start_beat()
    batch = accepted(csv_of(good_rows(200)))
    for trouble in ("cut", "freeze"):
        before = sandbox.counts()["companies"]
        until(lambda before=before: sandbox.counts()["companies"] > before + 30, "some companies", 60)
        getattr(wire, trouble)()
        time.sleep(8)
        wire.mend()
    began = time.monotonic()

    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "the batch is done", 240, every=0.5)
    assert Company.objects.exclude(codat_id=None).count() == 220 == sandbox.counts()["companies"]
    portal.begin_task("sweep").wait()
    assert reconcile(sandbox) == []
    assert Quota.objects.get().failures == 0
    tell(f"200 rows, Codat away twice for 8 s, the rest {time.monotonic() - began:.0f} s later, each once")


def test_bulk_through_lost_late_and_wrong_answers(portal: Portal, sandbox: Sandbox, tell: Tell) -> None:
    """10 % lost, 4 % late, 10 % errors after the work was done, some garbled: none twice and none stuck."""
    rows = count(150, 1_000)
    sandbox.quota(daily=1_000_000)
    sandbox.lose_answer("POST", times=None, every=10)
    sandbox.slow(20, "POST", times=None, every=25, after_effect=True)
    sandbox.next_answer(500, method="POST", times=None, every=10, after_effect=True)
    sandbox.garble("html", "POST", times=None, every=31)
    batch = accepted(csv_of(good_rows(rows)))
    portal.start_worker("bulk")
    portal.start_worker("live", "webhooks", "sweeps", name="other")
    portal.start_beat()
    began = time.monotonic()

    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "the batch is done", 600, every=0.5)
    told = sandbox.counts()
    assert told["companies"] == Company.objects.exclude(codat_id=None).count() == rows
    assert not Batch.objects.get(pk=batch.pk).rows.exclude(status="done").exists()
    assert reconcile(sandbox) == []
    tell(f"{rows} companies in {time.monotonic() - began:.0f} s with {told['POST']} POST and {told.get('GET', 0)} GET")


def test_codat_takes_one_thing_at_a_time_from_two_bulk_workers(portal: Portal, sandbox: Sandbox, tell: Tell) -> None:
    """R6: the minute's limit is kept without a single 429, by two processes together."""
    sandbox.quota(daily=1_000_000, per_minute=300)
    with ExitStack() as stack:
        portal.environment["CODAT_PER_MINUTE"] = "300"
        stack.callback(portal.stop)
        batch = accepted(csv_of(good_rows(200)))
        one, two = portal.begin_task("drain_batches"), portal.begin_task("drain_batches")
        one.wait(), two.wait()
        done = Batch.objects.get(pk=batch.pk).rows.filter(status="done").count()

    assert sandbox.counts().get("429", 0) == 0
    assert done >= 90  # twenty seconds at five a second
    tell(f"{done} rows in 20 s at 300 a minute, no answer 429")
