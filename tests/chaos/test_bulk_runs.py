"""R3 and C11: a bulk run that is killed again and again ends with each company once, and asks for nothing twice."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onboarding.models import Batch, BatchRow, Company, RowStatus
from onboarding.usecases import bulk
from tests.bulk.files import csv_of, good_rows
from tests.commands.running import killed_at_the_end, spawn
from tests.kit import Sandbox
from tests.processes import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos, pytest.mark.timeout(1800)]

Tell = Callable[[str], None]
COMMAND = ("onboard_companies", "--inline")


def faulty_rows(count: int, faults: int) -> tuple[list[tuple[str, ...]], set[int]]:
    """Rows with faults planted at random places, and their lines."""
    rows, chosen = good_rows(count), sorted(random.sample(range(1, count), faults))
    for turn, at in enumerate(chosen):
        number, name, email, product = rows[at]
        rows[at] = [
            ("", name, email, product),
            (number, "", email, product),
            (number, "日本", email, product),
            (number, name, "nobody", product),
            (number, name, email, "lending"),
            (rows[0][0], name, email, product),
        ][turn % 6]
    return rows, {at + 2 for at in chosen}


def run_until_killed(sandbox: Sandbox, file: Path, is_far_enough: Callable[[], bool]) -> None:
    """However slow the machine is, the kill comes in the midst of the work, at no particular point of it."""
    with killed_at_the_end(spawn(sandbox, *COMMAND, file.name, cwd=file.parent, CODAT_PER_MINUTE="0")) as process:
        until(is_far_enough, "some way through", 300)
        time.sleep(random.uniform(0, 0.5))
        assert process.poll() is None
        process.kill()


def more_companies(sandbox: Sandbox, some: int) -> Callable[[], bool]:
    goal = sandbox.counts()["companies"] + some
    return lambda: sandbox.counts()["companies"] >= goal


def finish(sandbox: Sandbox, file: Path) -> int:
    with killed_at_the_end(spawn(sandbox, *COMMAND, file.name, cwd=file.parent, CODAT_PER_MINUTE="0")) as process:
        process.communicate(timeout=1200)
    return process.returncode


def assert_each_once(sandbox: Sandbox, count: int) -> None:
    uids = [told["tags"]["uid"] for told in sandbox.companies()]
    assert len(uids) == len(set(uids)) == count == Company.objects.exclude(codat_id=None).count()


def test_faulty_file_of_ten_thousand_rows_survives_three_kills(sandbox: Sandbox, tmp_path: Path, tell: Tell) -> None:
    sandbox.quota(daily=10_000_000)
    rows, lines = faulty_rows(10_000, 300)
    file = tmp_path / "new.csv"
    file.write_bytes(csv_of(rows))
    sandbox.lose_answer("POST", times=None, every=500)

    for _ in range(3):
        run_until_killed(sandbox, file, more_companies(sandbox, random.randint(500, 2_500)))
    status = finish(sandbox, file)

    batch = Batch.objects.get()
    assert (status, bulk.state(batch)) == (1, "finished")
    failed = dict(batch.rows.filter(status=RowStatus.FAILED).values_list("line", "reason"))
    assert {line: reason for line, reason in failed.items() if line not in lines} == {}
    assert failed.keys() == lines
    assert_each_once(sandbox, 9_700)
    posts, looks = sandbox.requests(method="POST"), sandbox.requests(method="GET")
    lost = len([request for request in posts if request.fate == "lose"])
    assert len(posts) == 9_700 + len([request for request in posts if request.replayed])
    assert len(looks) <= 3 + lost
    tell(f"10,000 rows, 300 faults, 3 kills: {len(posts)} POST, {len(looks)} look-ups after {lost} lost answers")


def test_twenty_kills_cost_one_request_each_at_most(sandbox: Sandbox, tmp_path: Path, tell: Tell) -> None:
    sandbox.quota(daily=10_000_000)
    sandbox.settings(latency_seconds=0.05)
    file = tmp_path / "new.csv"
    file.write_bytes(csv_of(good_rows(6_000)))

    for _ in range(20):
        run_until_killed(sandbox, file, more_companies(sandbox, random.randint(20, 250)))
    status = finish(sandbox, file)

    assert list(Batch.objects.get().rows.filter(status=RowStatus.FAILED).values_list("line", "reason")) == []
    assert status == 0
    assert_each_once(sandbox, 6_000)
    asked = len(sandbox.requests())
    assert asked <= 6_000 + 20
    tell(f"6,000 rows, 20 kills: {asked} requests")


def test_killed_while_storing_goes_on_storing(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.quota(daily=10_000_000)
    file = tmp_path / "new.csv"
    file.write_bytes(csv_of(good_rows(30_000)))
    run_until_killed(sandbox, file, lambda: BatchRow.objects.count() > 5_000)
    assert Batch.objects.filter(stored_at=None).exists()

    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--detach", cwd=tmp_path)) as process:
        process.communicate(timeout=300)

    assert Batch.objects.get().rows.count() == 30_000
