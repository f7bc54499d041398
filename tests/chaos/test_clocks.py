"""Clocks: ours wrong by ten minutes, and midnight during a run (W23, C13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.models import Alarm, Batch, Company, Connection, Delivery
from tests.bulk.files import accepted, csv_of, good_rows
from tests.chaos.traffic import customers
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.servers import program

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
Tell = Callable[[str], None]


def shifted(seconds: float) -> list[str]:
    """A process that is started with this before it lives so many seconds ahead."""
    return [program("faketime"), "-f", f"{seconds:+.0f}s"]


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_wrong_clock_is_named_as_such(large: Portal, sandbox: Sandbox, seconds: int) -> None:
    rows = customers(sandbox, 5)
    large.prefix = shifted(seconds)
    large.start_web()
    sandbox.webhooks(url=large.webhook_url, compress=10)
    for row in rows:
        sandbox.deauthorise(str(row.codat_id))
    sandbox.settle()
    assert Delivery.objects.count() == 0
    assert {told["status"] for told in sandbox.deliveries()} == {400}
    large.begin_task("sweep").wait()

    names = set(Alarm.objects.filter(cleared_at=None).values_list("name", flat=True))
    assert "clock.off" in names
    assert "webhooks.secret" not in names
    large.prefix = []
    large.begin_task("sweep").wait()
    assert set(Connection.objects.values_list("status", flat=True)) == {"Deauthorized"}


def test_a_new_day_goes_on_within_a_minute(large: Portal, sandbox: Sandbox, tell: Tell) -> None:
    """Both sides live shortly before midnight, and the day is used up."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    ahead = (midnight - now).total_seconds() - 45
    sandbox.clock(ahead)
    sandbox.quota(daily=60)
    large.prefix = shifted(ahead)
    batch = accepted(csv_of(good_rows(90)))
    large.start_worker()
    large.start_beat()
    until(lambda: Batch.objects.get(pk=batch.pk).paused_until, "the day is used up", 45)
    before = sandbox.counts()["companies"]
    assert 0 < before < 60
    sandbox.quota(daily=1_000)  # of the new day, as the reserve of a day of sixty would not do

    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "the rest on the next day", 150, every=0.5)
    assert sandbox.counts()["companies"] == Company.objects.exclude(codat_id=None).count() == 90
    assert sandbox.counts().get("429", 0) <= 1
    assert reconcile(sandbox) == []
    seen_after = Batch.objects.get(pk=batch.pk).finished_at - midnight  # in the processes' own time
    assert seen_after < timedelta(seconds=90)
    tell(
        f"{before} of 90 before midnight, the rest after it, {sandbox.counts().get('429', 0)} answers 429; "
        f"done {seen_after.total_seconds():.0f} s after midnight"
    )
