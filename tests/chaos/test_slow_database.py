"""A database that is locked, or frozen: no event is acknowledged that is not kept, and it is right again by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.chaos.traffic import customers, traffic
from tests.kit import Sandbox
from tests.processes import Portal
from tests.reckoning import reconcile
from tests.servers import Postgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
Tell = Callable[[str], None]


def test_a_locked_table_is_answered_503_within_the_statement_limit(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, 50)
    large.start_web()
    large.start_worker()
    with traffic(large, rows, 300, 40) as news:
        time.sleep(2)
        with psycopg.connect(large.environment["DATABASE_URL"]) as holder:
            holder.execute("LOCK TABLE onboarding_delivery IN ACCESS EXCLUSIVE MODE")
            locked_at = time.monotonic()
            time.sleep(6)
            taken = news.taken_between(locked_at + 0.5, time.monotonic())
            holder.rollback()

    assert taken == 0
    assert {answer.status for answer in news.failures} == {503}
    assert news.longest_seconds < 15
    assert news.lost() == set()
    news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(news.summary())


def test_a_frozen_database_acknowledges_nothing_and_thaws_by_itself(
    large: Portal, sandbox: Sandbox, postgres: Postgres, tell: Tell
) -> None:
    rows = customers(sandbox, 50)
    large.start_web()
    large.start_worker()
    with traffic(large, rows, 300, 40) as news:
        time.sleep(2)
        postgres.freeze()
        frozen_at = time.monotonic()
        time.sleep(6)
        taken = news.taken_between(frozen_at + 0.5, time.monotonic())
        postgres.thaw()

    assert taken == 0
    assert news.lost() == set()
    news.wait_until_handled()
    assert reconcile(sandbox) == []
    tell(news.summary())
