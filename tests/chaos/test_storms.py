"""A replay of everything at once, and an endpoint that was away for days (W21, W22)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from onboarding.models import Connection, Delivery, Sweep
from tests.chaos.moments import Visitor
from tests.chaos.test_deploys import pages_are_read
from tests.chaos.traffic import customers, traffic
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.stacks import count

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
Tell = Callable[[str], None]
STORM = count(2_000, 50_000)


def test_a_replay_storm_is_taken_in_at_once_and_pages_go_on(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, 200)
    sandbox.webhooks(url="http://127.0.0.1:9/", off=True)
    sandbox.storm(STORM)
    large.start_web(workers=2)
    large.start_worker()
    large.start_beat()
    sandbox.webhooks(url=large.webhook_url, lanes=16)
    began = time.monotonic()
    with pages_are_read(Visitor(large, 1)) as pages:
        sent = sandbox.replay(everything=True)
        until(lambda: sandbox.counts()["waitingDeliveries"] == 0, "all delivered", 600, every=0.2)
        taken_in = time.monotonic() - began
        until(lambda: not Delivery.objects.filter(done_at=None).exists(), "all handled", 300, every=0.2)
        handled = time.monotonic() - began

    assert sent == STORM == Delivery.objects.count()
    assert {told["status"] for told in sandbox.deliveries()} == {200}
    assert set(pages) == {200}
    assert reconcile(sandbox) == []
    assert not Connection.objects.exclude(status="Linked").exists()
    rate = f"{sent} events in {taken_in:.0f} s, handled after {handled:.0f} s; {len(rows)} connections"
    tell(f"{rate}; {pages[200]} pages meanwhile")


def test_an_endpoint_that_was_away_is_healed_by_one_sweep(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, 300)
    sandbox.webhooks(url=large.webhook_url, drop=True)
    for row in rows[::5]:
        sandbox.deauthorise(str(row.codat_id))
    for row in rows[1::50]:
        sandbox.delete_connection(str(row.codat_id))
    assert large.begin_task("sweep").wait() == 0
    after_sweep = reconcile(sandbox)
    large.start_web()
    large.start_worker()
    sandbox.webhooks(url=large.webhook_url)
    sandbox.replay(everything=True)
    sandbox.settle(60)
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "the replay handled", 60)

    assert after_sweep == []
    assert reconcile(sandbox) == []
    tell(f"{Sweep.objects.get().changed} changes found by one sweep; the replay changed nothing")


def test_a_worker_that_takes_nothing_is_noticed_and_another_drains(large: Portal, sandbox: Sandbox) -> None:
    rows = customers(sandbox, 20)
    large.start_web()
    frozen = large.start_worker()
    frozen.freeze()
    with traffic(large, rows, 40, 40) as news:
        pass
    assert Delivery.objects.filter(done_at=None).count() == 40
    assert large.get("/readyz") == 503
    large.start_worker(name="other")
    large.start_beat()

    news.wait_until_handled()
    assert reconcile(sandbox) == []
