"""A broker whose line is cut or frozen, and comes back: nothing is refused, and all is handled without an operator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.chaos.traffic import customers, traffic
from tests.kit import Sandbox
from tests.processes import Portal
from tests.reckoning import reconcile
from tests.stacks import MakePortal
from tests.wire import Wire

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]
EVENTS, A_SECOND = 300, 30


@pytest.fixture(params=["rabbitmq", "redis"])
def broker_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "redis" else request.getfixturevalue("amqp_url")


@pytest.fixture
def wire(broker_url: str) -> Iterator[Wire]:
    parts = urlsplit(broker_url)
    with Wire(parts.port or 0, parts.hostname or "") as line:
        yield line


@pytest.fixture
def portal(make_portal: MakePortal, broker_url: str, wire: Wire) -> Portal:
    parts = urlsplit(broker_url)
    login = f"{parts.username}:{parts.password}@" if parts.username else ""
    return make_portal(broker_url=parts._replace(netloc=f"{login}127.0.0.1:{wire.port}").geturl())


@pytest.mark.parametrize("trouble", ["cut", "freeze"])
def test_no_event_notices_that_the_broker_is_away(portal: Portal, sandbox: Sandbox, wire: Wire, trouble: str) -> None:
    rows = customers(sandbox, 50)
    portal.start_web()
    portal.start_worker()
    portal.start_beat()
    with traffic(portal, rows, EVENTS, A_SECOND) as news:
        time.sleep(2)
        getattr(wire, trouble)()
        time.sleep(5)
        wire.mend()

    assert news.failures == []
    assert news.lost() == set()
    news.wait_until_handled()
    assert reconcile(sandbox) == []
