"""A broker that hands out a message again while its task still runs, as Redis does after its visibility time."""

from __future__ import annotations

import pytest

from onboarding.models import Batch, Company
from tests.bulk.files import accepted, csv_of, good_rows
from tests.kit import Sandbox
from tests.processes import Portal, Process, until
from tests.reckoning import reconcile
from tests.stacks import MakePortal

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

ROWS = 120
HIDDEN_SECONDS = 3  # a task of bulk work takes up to 20
# The portal's worker as it is, but for the one figure.
IMPATIENT = (
    "from portal.celery import app; "
    "options = app.conf.broker_transport_options; "
    f"app.conf.broker_transport_options = dict(options, visibility_timeout={HIDDEN_SECONDS}); "
    "app.worker_main(['-q', 'worker', '-P', 'threads', '-c', '4', '-l', 'INFO', '--without-gossip', "
    "'--without-mingle', '-n', '{name}@%h', '-Q', 'bulk'])"
)


@pytest.fixture
def portal(make_portal: MakePortal, redis_url: str) -> Portal:
    return make_portal(broker_url=redis_url, cache_url=redis_url)


def impatient_worker(portal: Portal, name: str) -> Process:
    worker = portal.run(name, "-c", IMPATIENT.replace("{name}", name))
    worker.wait_for("ready.")
    return worker


def send_once(portal: Portal) -> None:
    """One message for the batches' queue."""
    send = "from portal.celery import app; print(app.send_task('onboarding.tasks.drain_batches').id)"
    assert portal.run("send", "-c", send).wait() == 0


def ends(workers: list[Process]) -> list[str]:
    """The id of the task of each line that says how it ended."""
    lines = [line for worker in workers for line in worker.output.splitlines() if "drain_batches" in line]
    return [line.split("[", 1)[1].split("]", 1)[0] for line in lines if "succeeded" in line]


def test_a_task_that_is_handed_out_again_while_it_runs_does_nothing_twice(portal: Portal, sandbox: Sandbox) -> None:
    sandbox.quota(daily=1_000_000)
    sandbox.settings(latency_seconds=0.6)
    batch = accepted(csv_of(good_rows(ROWS)))
    workers = [impatient_worker(portal, name) for name in ("one", "two")]
    send_once(portal)

    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "the batch is done", 150, every=0.5)
    until(lambda: len(set(ends(workers))) < len(ends(workers)), "the same message twice", 60, every=0.5)
    assert Company.objects.exclude(codat_id=None).count() == ROWS == sandbox.counts()["companies"]
    assert len(sandbox.requests(method="POST")) == ROWS
    assert reconcile(sandbox) == []
