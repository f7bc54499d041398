"""Deploying under load: nothing fails while web processes are replaced and migrations run (R8, W19, U8)."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
import requests

from tests.chaos.moments import Visitor
from tests.chaos.traffic import customers, traffic
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.stacks import count

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
Tell = Callable[[str], None]


@contextmanager
def pages_are_read(visitor: Visitor) -> Iterator[Counter[int]]:
    """A customer's pages, one after the other, each over a new connection; how they were answered."""
    answers: Counter[int] = Counter()
    ends = Event()

    def read() -> None:
        while not ends.is_set():
            try:
                answer = requests.get(
                    visitor.browser.url + visitor.home,
                    cookies=visitor.browser.cookies,
                    timeout=20,
                    allow_redirects=False,
                )
                answers[answer.status_code] += 1
            except requests.RequestException:
                answers[0] += 1

    threads = [Thread(target=read, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ends.set()
        for thread in threads:
            thread.join(30)


def test_a_rolling_restart_fails_no_event_and_no_page(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, 50)
    web = large.start_web(workers=2)
    worker = large.start_worker()
    large.start_beat()
    visitor = Visitor(large, 1)
    with traffic(large, rows, count(900, 10_000), count(60, 200)) as news, pages_are_read(visitor) as pages:
        for _ in range(count(3, 20)):
            time.sleep(2)
            old = web.children()
            web.send(signal.SIGHUP)
            until(lambda old=old: not set(old) & set(web.children()), "new web workers", 30)
        os.kill(web.children()[0], signal.SIGTERM)
        worker.stop()
        large.start_worker()

    assert news.failures == []
    assert set(pages) == {200}
    assert news.lost() == set()
    news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(f"{news.summary()}; {pages[200]} pages, none failed")


def test_migrating_under_traffic_fails_nothing(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, 50)
    large.manage_to_end("migrate", "onboarding", "0002", "--verbosity=0", "--skip-checks")
    large.start_web(workers=2)
    large.start_worker()
    visitor = Visitor(large, 1)
    with traffic(large, rows, 300, 30) as news, pages_are_read(visitor) as pages:
        large.manage_to_end("migrate", "--verbosity=0", "--skip-checks")
        large.manage_to_end("createcachetable", "--verbosity=0")

    assert news.failures == []
    assert set(pages) == {200}
    news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(f"{len(news.acknowledged)} events and {pages[200]} pages, none failed")
