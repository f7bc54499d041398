"""Worker and clock as processes over real brokers: news reaches the screen, and bulk delays nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onboarding.models import Connection, Delivery, Heartbeat
from tests import factories
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.stacks import MakePortal

pytestmark = pytest.mark.services


@pytest.fixture(params=["rabbitmq", "redis"])
def portal(
    request: pytest.FixtureRequest, make_portal: MakePortal, redis_url: str, sandbox: Sandbox
) -> Iterator[Portal]:
    broker_url = redis_url if request.param == "redis" else request.getfixturevalue("amqp_url")
    made = make_portal(broker_url=broker_url, cache_url=redis_url)
    sandbox.webhooks(url=made.webhook_url)
    return made


def is_now(connection: Connection, status: str) -> bool:
    connection.refresh_from_db()
    return connection.status == status


def test_an_event_ends_in_the_right_status_without_the_clock(portal: Portal, sandbox: Sandbox) -> None:
    connection = factories.started(factories.company(factories.ana()), factories.User.objects.get())
    portal.start_web()
    portal.start_worker()
    sandbox.authorise(str(connection.codat_id), reads=False)

    until(lambda: is_now(connection, "Linked"), "Linked", 10)
    sandbox.settle()
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "every message handled", 15)
    assert reconcile(sandbox) == []


def test_the_clock_alone_brings_what_no_hint_told(portal: Portal, sandbox: Sandbox) -> None:
    connection = factories.started(factories.company(factories.ana()), factories.User.objects.get())
    portal.start_web()
    sandbox.authorise(str(connection.codat_id), reads=False)
    sandbox.settle()
    assert Delivery.objects.filter(done_at=None).exists()
    portal.start_worker()
    portal.start_beat()

    until(lambda: is_now(connection, "Linked"), "Linked", 30)
    until(lambda: Heartbeat.objects.exists(), "a sign of life", 20)
    assert until(lambda: portal.get("/readyz") == 200, "ready", 20)
