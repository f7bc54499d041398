"""kill -9 between two statements of handling news, and at each step of a sweep (W20, C16, R7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.utils import timezone

from onboarding.models import Company, Connection, Delivery, Event, Lease, Sweep
from onboarding.usecases import companies
from tests.chaos.moments import Lock, kept_waiting
from tests.chaos.traffic import customers
from tests.factories import COMMAND
from tests.kit import Sandbox
from tests.processes import Portal, Process, until
from tests.reckoning import reconcile
from tests.stacks import count

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
Tell = Callable[[str], None]

# Where the handler is when it dies: at its claim; in the door's one transaction; after that, at the mark.
HANDLER_DIES_AT = [("delivery",), ("connection",), ("event",), ("company",), ("mail",), ("company", "delivery")]
SWEEP_DIES_AT_TABLES = ["lease", "connection", "event", "company", "sweep"]
LIST, LOOK_AGAIN = r"/companies\?", "/companies/[^/?]+$"
SWEPT = count(250, 2_500)


@contextmanager
def killed_at(portal: Portal, task: str, tables: tuple[str, ...]) -> Iterator[Process]:
    """A process that does this task, dead at the last of these tables. The lock before it is let go meanwhile."""
    url = portal.environment["DATABASE_URL"]
    locks = [Lock(url, f"onboarding_{tables[0]}").__enter__()]
    process = portal.begin_task(task)
    try:
        locks[0].wait_for_somebody()
        for table in tables[1:]:
            locks.append(Lock(url, f"onboarding_{table}").__enter__())
            locks[-2].let_go()
            locks[-1].wait_for_somebody()
        process.kill()
        yield process
    finally:
        for lock in locks:
            lock.__exit__()


def test_the_handler_dies_between_two_statements(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    rows = customers(sandbox, len(HANDLER_DIES_AT))
    for row in rows:
        companies.add_person(row.company, f"ana{row.pk}@marlow.example", by=COMMAND)
    large.start_web()
    sandbox.webhooks(url=large.webhook_url)
    for row, tables in zip(rows, HANDLER_DIES_AT, strict=True):
        sandbox.deauthorise(str(row.codat_id))
        sandbox.settle()
        with killed_at(large, "drain_deliveries", tables):
            pass
    large.start_worker()
    large.start_beat()

    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "every message handled", 60)
    assert reconcile(sandbox) == []
    assert Event.objects.filter(kind="expired").count() == len(rows)
    tell(f"{len(rows)} kills, each change told once")


def make_a_mess(sandbox: Sandbox, rows: list[Connection]) -> None:
    """What no event told: other statuses, a connection and a company gone, one of each that we do not know."""
    for row in rows[::10]:
        sandbox.drift(str(row.codat_id), "Deauthorized")
    sandbox.delete_connection(str(rows[1].codat_id))
    sandbox.create_connection(str(rows[2].company.codat_id), "qhyg")
    sandbox.delete_company(str(rows[3].company.codat_id))
    sandbox.delete_company(str(rows[4].company.codat_id))
    lost = Company.objects.create(
        customer_id="lost", ref="LST-0001", name="Lost", product="bill_pay_async", create_asked_at=timezone.now()
    )
    sandbox.create_company("Lost", uid=str(lost.uid))


def lease_runs_out() -> None:
    """After three minutes; the reckoning cannot wait for each."""
    Lease.objects.filter(name="sweep").update(held_until=timezone.now())


def sweep_dies_asking(portal: Portal, sandbox: Sandbox, path: str) -> None:
    with kept_waiting(sandbox, "GET", path, is_done=True) as wait:
        process = portal.begin_task("sweep")
        wait()
        process.kill()
    sandbox.no_more_trouble()
    lease_runs_out()


def test_a_sweep_that_dies_at_each_of_its_steps(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    sandbox.webhooks(url="")
    sandbox.quota(daily=1_000_000)
    make_a_mess(sandbox, customers(sandbox, SWEPT))
    sweep_dies_asking(large, sandbox, LIST)
    for table in SWEEP_DIES_AT_TABLES:
        with killed_at(large, "sweep", (table,)):
            pass
        lease_runs_out()
    sweep_dies_asking(large, sandbox, LOOK_AGAIN)
    assert large.begin_task("sweep").wait() == 0

    assert reconcile(sandbox) == []
    [sweep] = Sweep.objects.all()
    assert (sweep.is_whole, sweep.error) == (True, "")
    lost = Company.objects.get(customer_id="lost")
    assert lost.codat_id in {UUID(told["id"]) for told in sandbox.companies()}
    figures = f"{sweep.changed} changed, {sweep.gone} gone, {sweep.asked} requests"
    tell(f"{len(SWEEP_DIES_AT_TABLES) + 2} kills in one sweep of {SWEPT} companies: {figures}")


def test_two_sweeps_at_once_are_one(large: Portal, sandbox: Sandbox) -> None:
    rows = customers(sandbox, 120)
    make_a_mess(sandbox, rows)
    with kept_waiting(sandbox, "GET", r"/companies\?", is_done=True) as wait:
        first = large.begin_task("sweep")
        wait()
        second = large.begin_task("sweep")
        second.wait()
        sandbox.no_more_trouble()
    first.wait()

    assert "already running" in second.output
    assert "whole" in first.output
    asked = [request.query for request in sandbox.requests(r"/companies\?", "GET")]
    assert len(set(asked)) == 2
    assert len(asked) <= 3  # the first page once more, should the first sweep have given up waiting meanwhile
    assert reconcile(sandbox) == []
