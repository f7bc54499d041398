"""No acknowledged event is lost, and none is unhandled a minute after the fault (R1, R4, W12 to W18)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.chaos.traffic import customers, traffic
from tests.kit import Sandbox
from tests.processes import Portal, Process, until
from tests.reckoning import reconcile
from tests.servers import Postgres, Redis
from tests.stacks import count

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
EVENTS, A_SECOND = count(1_200, 10_000), count(120, 200)
COMPANIES = 150
KILLS = count(6, 40)
Tell = Callable[[str], None]


def started(portal: Portal, *, workers: int = 1) -> tuple[Process, Process]:
    web = portal.start_web(workers=workers, waits=False)
    worker = portal.start_worker(waits=False)
    portal.start_beat()
    worker.wait_for("ready.")
    portal.wait_until_served(web)
    return web, worker


def test_a_database_that_crashes(large: Portal, sandbox: Sandbox, postgres: Postgres, tell: Tell) -> None:
    rows = customers(sandbox, COMPANIES)
    started(large)
    down = []
    with traffic(large, rows, EVENTS, A_SECOND) as news:
        for _ in range(count(2, 10)):
            time.sleep(2)
            began = time.monotonic()
            postgres.restart()
            down.append(time.monotonic() - began)

    assert news.lost() == set()
    seconds = news.wait_until_handled()
    assert reconcile(sandbox) == []
    assert news.longest_seconds < 15
    assert news.longest_gap_seconds < max(down) + 1.5  # the restart, and one more second
    tell(f"{news.summary()}; database away {max(down):.2f} s; all handled after {seconds:.1f} s")


@pytest.mark.parametrize("is_frozen", [False, True], ids=["restarted empty", "frozen"])
def test_a_broker_that_is_away(
    large: Portal, sandbox: Sandbox, redis_server: Redis, tell: Tell, is_frozen: bool
) -> None:
    rows = customers(sandbox, COMPANIES)
    started(large)
    with traffic(large, rows, EVENTS, A_SECOND) as news:
        time.sleep(2)
        redis_server.freeze() if is_frozen else redis_server.crash()
        time.sleep(count(5, 20))
        redis_server.thaw() if is_frozen else redis_server.start()

    assert news.lost() == set()
    seconds = news.wait_until_handled()
    assert reconcile(sandbox) == []
    assert news.failures == []
    assert news.quantile_seconds(0.99) < 1
    assert news.longest_seconds < 15
    tell(f"{news.summary()}; all handled after {seconds:.1f} s")


def test_web_workers_that_are_killed(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, COMPANIES)
    web, _ = started(large, workers=2)
    killed = 0
    with traffic(large, rows, EVENTS, A_SECOND) as news:
        while killed < KILLS:
            time.sleep(1)
            os.kill(until(web.children, "a web worker")[0], signal.SIGKILL)
            killed += 1

    assert news.lost() == set()
    seconds = news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(f"{killed} kills; {news.summary()}; all handled after {seconds:.1f} s")


def test_handlers_that_are_killed(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, COMPANIES)
    _, worker = started(large)
    killed = 0
    with traffic(large, rows, EVENTS, A_SECOND) as news:
        while killed < KILLS:
            time.sleep(1)
            worker.kill()
            killed += 1
            worker = large.start_worker()

    assert news.lost() == set()
    seconds = news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(f"{killed} kills; {news.summary()}; all handled after {seconds:.1f} s")


def test_everything_killed_at_once_on_one_machine(small: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, COMPANIES)
    killed = 0
    small.start()
    with traffic(small, rows, EVENTS, A_SECOND) as news:
        for _ in range(count(2, 10)):
            time.sleep(2)
            killed += small.kill()
            small.start()

    assert news.lost() == set()
    seconds = news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(f"{killed} processes killed; {news.summary()}; all handled after {seconds:.1f} s")
