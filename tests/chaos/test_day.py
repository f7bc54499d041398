"""A day of mixed traffic in minutes: every hour the clocks of both sides move on, and something else breaks.

Customers connect, give up, fail and leave; people elsewhere take access away; files of companies come; sweeps and reads
run. At the end both sides are reckoned in full.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import requests
import time_machine
from django.db import connections as databases

from onboarding.lifecycle import Status
from onboarding.models import Batch, BatchRow, Company, Connection, Delivery, Mail, RowStatus
from tests import factories
from tests.bulk.files import accepted, csv_of, good_rows
from tests.chaos.moments import Visitor
from tests.chaos.test_clocks import shifted
from tests.chaos.traffic import customers
from tests.kit import Sandbox
from tests.processes import Portal, Process, until
from tests.reckoning import reconcile
from tests.servers import Postgres, Redis
from tests.stacks import count

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]
Tell = Callable[[str], None]

STEPS = count(6, 24)
STEP_SECONDS = 24 * 3600 / STEPS
FILLED, ROWS_A_STEP, VISITORS_A_STEP = count(60, 600), count(15, 150), 4
AT_LINK = itertools.cycle(["authorise", "authorise", "cancel", "fail"])


@dataclass
class Day:
    """Everything that is up, and what has come of it so far."""

    portal: Portal
    sandbox: Sandbox
    postgres: Postgres
    redis: Redis
    rows: list[Connection]
    visitors: list[Visitor] = field(default_factory=list)
    filed: int = 0
    web: Process | None = None
    worker: Process | None = None

    def starts(self, at_seconds: float) -> None:
        """All processes anew, at that time of the day, as a deployment does."""
        self.portal.stop()
        self.portal.prefix = shifted(at_seconds)
        self.sandbox.clock(at_seconds)
        self.web = self.portal.start_web(workers=2, waits=False)
        self.worker = self.portal.start_worker(waits=False)
        self.portal.start_beat()
        self.worker.wait_for("ready.")
        self.portal.wait_until_served(self.web)

    def acts(self, step: int) -> None:
        """The traffic of an hour. Whoever meets the fault tries again later, or never."""
        now = [Visitor(self.portal, step * VISITORS_A_STEP + number) for number in range(VISITORS_A_STEP)]
        self.visitors += now
        accepted(csv_of(good_rows(ROWS_A_STEP, first=1 + self.filed)))
        self.filed += ROWS_A_STEP
        for visitor, answer in zip(now, AT_LINK, strict=False):
            with suppress(TimeoutError, requests.RequestException):
                visitor.go_through(visitor.connect_until_at_link(), answer)
        for row in self.rows[step :: 3 * STEPS]:
            self.sandbox.deauthorise(str(row.codat_id))
        for row in self.rows[step + STEPS :: 3 * STEPS]:
            self.sandbox.drift(str(row.codat_id), "Deauthorized")
        for row in self.rows[step + 2 * STEPS :: 3 * STEPS][:1]:
            self.sandbox.delete_connection(str(row.codat_id))
        for visitor in self.visitors[:-VISITORS_A_STEP:5]:
            with suppress(requests.RequestException):
                Visitor.disconnect(self.signed_in_again(visitor))

    def signed_in_again(self, visitor: Visitor) -> Visitor:
        """Their session may have ended hours ago."""
        visitor.browser = type(visitor.browser)(self.portal.url, visitor.user)
        return visitor


@contextmanager
def nothing(day: Day) -> Iterator[None]:
    yield


@contextmanager
def web_workers_die(day: Day) -> Iterator[None]:
    yield
    assert day.web is not None
    day.web.kill()
    day.portal.start_web(workers=2)


@contextmanager
def the_worker_dies(day: Day) -> Iterator[None]:
    yield
    assert day.worker is not None
    day.worker.kill()
    day.worker = day.portal.start_worker()


@contextmanager
def the_database_crashes(day: Day) -> Iterator[None]:
    yield
    day.postgres.restart()
    databases.close_all()  # the tests' own have died with it


@contextmanager
def the_broker_is_empty(day: Day) -> Iterator[None]:
    day.redis.crash()
    yield
    day.redis.start()


@contextmanager
def the_broker_is_frozen(day: Day) -> Iterator[None]:
    day.redis.freeze()
    yield
    day.redis.thaw()


@contextmanager
def answers_are_lost(day: Day) -> Iterator[None]:
    day.sandbox.lose_answer("POST", times=None, every=4)
    day.sandbox.next_answer(500, method="POST", times=None, every=7, after_effect=True)
    day.sandbox.garble("html", "POST", times=None, every=9)
    yield
    day.sandbox.no_more_trouble()


@contextmanager
def events_are_lost(day: Day) -> Iterator[None]:
    day.sandbox.webhooks(url=day.portal.webhook_url, compress=100, drop=True)
    yield
    day.sandbox.webhooks(url=day.portal.webhook_url, compress=100)


FAULTS = [
    answers_are_lost,
    web_workers_die,
    the_broker_is_frozen,
    the_database_crashes,
    events_are_lost,
    the_worker_dies,
    the_broker_is_empty,
    nothing,
]


def all_is_done() -> bool:
    return not (
        Delivery.objects.filter(done_at=None).exists()
        or Batch.objects.filter(finished_at=None).exists()
        or Connection.objects.filter(status=Status.STARTING).exists()
    )


def test_a_day_with_a_fault_each_hour_ends_in_agreement(
    large: Portal, sandbox: Sandbox, postgres: Postgres, redis_server: Redis, tell: Tell
) -> None:
    sandbox.quota(daily=1_000_000)
    factories.enable_platforms()
    rows = customers(sandbox, FILLED, Status.LINKED)
    sandbox.settings(
        redirect_url=f"{large.url}/return/?companyId={{companyId}}&connectionId={{connectionId}}"
        "&statusCode={statusCode}&errorMessage={errorMessage}&statusText={statusText}"
    )
    sandbox.webhooks(url=large.webhook_url, compress=100)
    day = Day(large, sandbox, postgres, redis_server, rows)
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        for step in range(STEPS):
            day.starts(step * STEP_SECONDS)
            with FAULTS[step % len(FAULTS)](day):
                day.acts(step)
            clock.shift(timedelta(seconds=STEP_SECONDS))
        day.starts(STEPS * STEP_SECONDS)
        sandbox.settle(120)
        until(all_is_done, "everything done", 300, every=1.0)
        large.stop()
        until(lambda: large.manage("sync_connections").wait(150) == 0, "a whole sweep", 300, every=1.0)

        assert reconcile(sandbox) == []
        told = sandbox.counts()
        assert Company.objects.exclude(codat_id=None).count() == told["companies"]
        assert not BatchRow.objects.exclude(status=RowStatus.DONE).exists()
        assert FILLED + day.filed <= told["companies"] <= FILLED + day.filed + len(day.visitors)
        assert told["invalid"] == 0
        events = Delivery.objects.count()
    tell(
        f"{STEPS} steps of {24 / STEPS:.0f} h: {told['companies']} companies, {events} events, "
        f"{Mail.objects.count()} mails, {told['POST']} POST; both sides agree"
    )
