"""Worker and clock as processes over real brokers: news reaches the screen, and bulk delays nobody."""

from __future__ import annotations

import pytest

from onboarding.models import Batch, Company, Connection, Delivery, Event, Heartbeat, Sweep
from tests import factories
from tests.bulk.files import accepted, csv_of, good_rows
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.stacks import MakePortal

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture(params=["rabbitmq", "redis"])
def portal(request: pytest.FixtureRequest, make_portal: MakePortal, redis_url: str, sandbox: Sandbox) -> Portal:
    broker_url = redis_url if request.param == "redis" else request.getfixturevalue("amqp_url")
    made = make_portal(broker_url=broker_url, cache_url=redis_url)
    sandbox.webhooks(url=made.webhook_url)
    return made


def is_now(connection: Connection, status: str) -> bool:
    connection.refresh_from_db()
    return connection.status == status


def a_pending_connection() -> Connection:
    ana = factories.ana()
    return factories.started(factories.company(ana), ana)


def test_an_event_ends_in_the_right_status_without_the_clock(portal: Portal, sandbox: Sandbox) -> None:
    connection = a_pending_connection()
    portal.start_web()
    portal.start_worker()
    sandbox.authorise(str(connection.codat_id), reads=False)

    until(lambda: is_now(connection, "Linked"), "Linked", 20)
    sandbox.settle()
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "every message handled", 30)
    assert reconcile(sandbox) == []


def test_the_clock_alone_brings_what_no_hint_told(portal: Portal, sandbox: Sandbox) -> None:
    connection = a_pending_connection()
    portal.start_web()
    sandbox.authorise(str(connection.codat_id), reads=False)
    sandbox.settle()
    assert Delivery.objects.filter(done_at=None).exists()
    portal.start_worker()
    portal.start_beat()

    until(lambda: is_now(connection, "Linked"), "Linked", 60)
    until(Heartbeat.objects.exists, "a sign of life", 40)
    assert until(lambda: portal.get("/readyz") == 200, "ready", 40)


def test_bulk_never_delays_a_customer(portal: Portal, sandbox: Sandbox) -> None:
    """Prefork workers with queues of their own, as in production."""
    connection = a_pending_connection()
    sandbox.settings(latency_seconds=0.5)
    sandbox.quota(daily=1_000_000)
    batch = accepted(csv_of(good_rows(400)))
    portal.start_web()
    portal.start_worker("bulk", pool="prefork", concurrency=1, name="bulk")
    portal.start_worker("live", "webhooks", "sweeps", pool="prefork", concurrency=2, name="live")
    portal.start_beat()
    until(lambda: sandbox.counts()["companies"] > 10, "bulk is at work", 60)
    sandbox.authorise(str(connection.codat_id), reads=False)

    until(lambda: is_now(connection, "Linked"), "Linked", 20)
    assert Batch.objects.get(pk=batch.pk).finished_at is None


def test_a_worker_that_is_killed_loses_nothing(portal: Portal, sandbox: Sandbox) -> None:
    connection = a_pending_connection()
    portal.start_web()
    portal.start_beat()
    for _ in range(3):
        worker = portal.start_worker(pool="prefork", concurrency=2)
        sandbox.deauthorise(str(connection.codat_id))
        sandbox.authorise(str(connection.codat_id), reads=False)
        worker.kill()
    portal.start_worker(pool="prefork", concurrency=2)

    sandbox.settle()
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "every message handled", 60)
    assert reconcile(sandbox) == []


def test_two_clocks_do_no_harm(portal: Portal, sandbox: Sandbox) -> None:
    """Twice the messages, from two machines: each thing is done once all the same."""
    sandbox.quota(daily=1_000_000)
    sandbox.settings(latency_seconds=0.05)
    connection = a_pending_connection()
    batch = accepted(csv_of(good_rows(60)))
    portal.start_web()
    portal.start_worker(name="one")
    portal.start_worker(name="two")
    for name in ("here", "there"):
        portal.run(
            f"beat-{name}", "-m", "celery", "-q", "-A", "portal", "beat", "--pidfile=", "-s", f"{portal.folder}/{name}"
        )
    sandbox.authorise(str(connection.codat_id), reads=False)

    until(lambda: is_now(connection, "Linked"), "Linked", 60)
    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "the batch is done", 200, every=0.5)
    until(lambda: Sweep.objects.filter(is_whole=True).exists(), "a sweep", 150, every=0.5)
    assert Sweep.objects.count() == 1
    assert sandbox.counts()["companies"] == Company.objects.exclude(codat_id=None).count() == 61
    assert len(sandbox.requests(r"/companies$", "POST")) == 61
    assert Event.objects.filter(connection=connection, kind="connected").count() == 1
    assert reconcile(sandbox) == []
