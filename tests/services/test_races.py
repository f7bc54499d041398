"""Two processes at once, on real row locks: a thing happens once, and nobody gets an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests
from django.db import connections

from onboarding.actors import Actor
from onboarding.models import Batch, Company, Connection, Delivery, Event, Membership, Sweep, User
from onboarding.usecases import invitations, webhooks
from tests import factories
from tests.bulk.files import accepted, csv_of, good_rows
from tests.inside import Customer
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.stacks import MakePortal
from tests.webhooks.letters import headers, told

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture
def portal(make_portal: MakePortal, amqp_url: str, redis_url: str, sandbox: Sandbox) -> Portal:
    return make_portal(broker_url=amqp_url, cache_url=redis_url)


def together(count: int, act: Callable[[], Any]) -> list[Any]:
    """The same thing from so many threads at one moment; what came of each."""
    gate = Barrier(count)

    def run(_: int) -> Any:
        gate.wait(20)
        try:
            return act()
        finally:
            connections.close_all()  # this thread's own

    with ThreadPoolExecutor(count) as crew:
        return list(crew.map(run, range(count)))


def test_clicks_that_meet_in_two_web_processes_make_one_connection(portal: Portal, sandbox: Sandbox) -> None:
    ana = factories.ana()
    company = factories.company(ana)
    factories.enable_platforms()
    portal.start_web(workers=2)
    browser = Customer(portal.url, ana)
    answers = together(6, lambda: browser.post(f"/c/{company.ref}/connect/xero/go/").status_code)

    assert set(answers) == {303}
    assert (sandbox.counts()["companies"], sandbox.counts()["connections"]) == (1, 1)
    assert Connection.objects.count() == 1


def test_fifty_same_events_at_once_are_one(portal: Portal, sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    body = told("connection.disconnected", connection)
    sandbox.drift(str(connection.codat_id), "Deauthorized")
    portal.start_web(workers=2)
    portal.start_worker()
    signed = {**headers(body, message_id="msg_fifty"), "Content-Type": "application/json"}
    answers = together(50, lambda: requests.post(portal.webhook_url, body, headers=signed, timeout=30).status_code)
    webhooks.drain()
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "the worker, which may hold it, to be through")

    assert answers == [200] * 50
    assert Delivery.objects.count() == 1
    assert Event.objects.filter(kind="expired").count() == 1


def test_two_drains_share_the_messages(portal: Portal, sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    for number in range(600):
        body = told("connection.connected" if number % 2 else "connection.reconnected", connection)
        webhooks.accept(body, headers(body, message_id=f"msg_{number}"))
    one, two = portal.begin_task("drain_deliveries"), portal.begin_task("drain_deliveries")

    assert (one.wait(), two.wait()) == (0, 0)
    assert Delivery.objects.filter(done_at=None).count() == 0
    handled = Counter(int(each.output.split("handled ")[1].split()[0]) for each in (one, two))
    assert sum(handled.elements()) == 600


def test_two_sweeps_are_one(portal: Portal, sandbox: Sandbox) -> None:
    sandbox.fill(250)
    sandbox.settings(latency_seconds=1.0)
    one, two = portal.begin_task("sweep"), portal.begin_task("sweep")

    assert (one.wait(), two.wait()) == (0, 0)
    assert sorted("already running" in each.output for each in (one, two)) == [False, True]
    assert Sweep.objects.count() == 1
    assert len(sandbox.requests(r"/companies\?")) == 3


def test_an_invitation_that_is_accepted_twice_at_once_makes_one_person(portal: Portal, sandbox: Sandbox) -> None:
    company = factories.company(email="ana@marlow.example", contact="Ana")
    Company.objects.update(accepted_at=None)
    invitation = invitations.invite(company, by=Actor.command(), send=False)
    portal.start_web(workers=2)
    path = "/invite/" + invitations.url(invitation).split("/invite/")[1]
    answers = together(2, lambda: Customer(portal.url, None).post(path).status_code)

    assert set(answers) <= {303, 409, 410}
    assert 303 in answers
    assert User.objects.filter(email="ana@marlow.example").count() == 1
    assert Membership.objects.filter(company=company).count() == 1
    assert Event.objects.filter(kind="accepted").count() == 1


def test_the_same_file_twice_at_once_is_one_batch(portal: Portal, sandbox: Sandbox) -> None:
    content = csv_of(good_rows(120))
    sandbox.quota(daily=1_000_000)
    batches = together(2, lambda: accepted(content).pk)
    one, two = portal.begin_task("drain_batches"), portal.begin_task("drain_batches")

    assert (one.wait(), two.wait()) == (0, 0)
    assert len(set(batches)) == Batch.objects.count() == 1
    assert sandbox.counts()["companies"] == Company.objects.exclude(codat_id=None).count() == 120
    assert reconcile(sandbox) == []
