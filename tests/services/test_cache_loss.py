"""The cache is away: pages and events go on without it, and only the act that it guards is put off, in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from onboarding.lifecycle import Status
from tests import factories
from tests.chaos.traffic import customers, traffic
from tests.inside import Customer
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.stacks import MakePortal
from tests.wire import Wire

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture
def wire(redis_url: str) -> Iterator[Wire]:
    parts = urlsplit(redis_url)
    with Wire(parts.port or 0, parts.hostname or "") as line:
        yield line


@pytest.fixture
def portal(make_portal: MakePortal, amqp_url: str, redis_url: str, wire: Wire) -> Portal:
    cache = urlsplit(redis_url)._replace(netloc=f"127.0.0.1:{wire.port}").geturl()
    return make_portal(broker_url=amqp_url, cache_url=cache)


@pytest.mark.parametrize("trouble", ["cut", "freeze"])
def test_pages_and_events_go_on_while_the_cache_is_away(
    portal: Portal, sandbox: Sandbox, wire: Wire, trouble: str
) -> None:
    rows = customers(sandbox, 20, Status.LINKED)
    ana = factories.ana()
    company = rows[0].company
    factories.Membership.objects.create(company=company, user=ana)
    browser, stranger = Customer(portal.url, ana), Customer(portal.url, None)
    page = f"/c/{company.ref}/connection/"
    portal.start_web()
    portal.start_worker()
    assert browser.get(page).status_code == 200
    getattr(wire, trouble)()
    with traffic(portal, rows, 150, 30) as news:
        began = time.monotonic()
        shown = {browser.get(page).status_code for _ in range(10)}
        seconds = time.monotonic() - began
        asked = stranger.post("/sign-in/", email=ana.email)

    assert shown == {200}
    assert seconds < 20  # a second's wait once in five, not one for each page
    assert asked.status_code == 503
    assert news.failures == []
    wire.mend()
    until(lambda: stranger.post("/sign-in/", email=ana.email).status_code == 303, "sign-in works again", 20, every=1.0)
    assert browser.get(page).status_code == 200
