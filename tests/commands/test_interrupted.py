"""The command as a process: stopped, killed and started twice; always finished by running it again."""

import os
import random
import signal
import termios
import time
from pathlib import Path

import pytest

from onboarding.models import Batch, Company
from onboarding.usecases import bulk
from tests.bulk.files import csv_of, good_rows
from tests.commands.running import killed_at_the_end, spawn
from tests.factories import company
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    path.write_bytes(csv_of(good_rows(60)))
    return path


def wait_for_companies(sandbox: Sandbox, count: int) -> None:
    until = time.monotonic() + 60
    while sandbox.counts()["companies"] < count:
        assert time.monotonic() < until, "the command does not get on"
        time.sleep(0.01)


def assert_each_once(sandbox: Sandbox, count: int) -> None:
    at_codat = [told["tags"]["uid"] for told in sandbox.companies()]
    assert len(at_codat) == len(set(at_codat)) == count
    assert set(at_codat) == {str(uid) for uid in Company.objects.values_list("uid", flat=True)}
    assert {str(pk) for pk in Company.objects.values_list("codat_id", flat=True)} == {
        told["id"] for told in sandbox.companies()
    }


def test_ctrl_c_stops_and_the_same_command_continues(sandbox: Sandbox, file: Path) -> None:
    sandbox.settings(latency_seconds=0.1)
    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent)) as process:
        wait_for_companies(sandbox, 10)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    told = bulk.progress(Batch.objects.get())
    assert (process.returncode, told.state) == (130, "stopped")
    assert f"Stopped after row {told.done}. Run again to continue" in out
    assert told.done == sandbox.counts()["companies"] < 60

    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent)) as process:
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, len(sandbox.requests())) == (0, 60)
    assert "60 / 60, 0 failed" in out.splitlines() and "\r" not in out and "\x1b" not in out
    assert_each_once(sandbox, 60)


def test_killed_run_is_finished_by_the_same_command(sandbox: Sandbox, file: Path) -> None:
    sandbox.settings(latency_seconds=0.1)
    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent)) as process:
        wait_for_companies(sandbox, random.randint(1, 40))
        process.kill()

    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent)) as process:
        process.communicate(timeout=90)

    assert process.returncode == 0
    assert_each_once(sandbox, 60)
    assert len(sandbox.requests(method="GET")) <= 1  # what the killed one left is looked up together


def test_two_at_once_make_each_company_once(sandbox: Sandbox, file: Path) -> None:
    sandbox.settings(latency_seconds=0.05)
    one = spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent)
    with (
        killed_at_the_end(one),
        killed_at_the_end(
            spawn(sandbox, "onboard_companies", file.name, "--inline", "--result", "other.csv", cwd=file.parent)
        ) as other,
    ):
        one.communicate(timeout=90)
        other.communicate(timeout=90)

    assert (one.returncode, other.returncode) == (0, 0)
    assert Batch.objects.count() == 1
    assert (len(sandbox.requests()), bulk.progress(Batch.objects.get()).done) == (60, 60)
    assert_each_once(sandbox, 60)


def test_terminal_gets_a_bar(sandbox: Sandbox, file: Path) -> None:
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with killed_at_the_end(spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent, stderr=theirs)):
        os.close(theirs)
        shown = b""
        while b"60/60" not in shown:
            shown += os.read(ours, 1024)
        os.close(ours)

    assert b"\r" in shown and b"0 failed" in shown


@pytest.mark.timeout(300)
def test_reader_that_has_seen_enough_costs_no_traceback(sandbox: Sandbox, tmp_path: Path) -> None:
    for number in range(50):
        company(customer_id=f"c-{number}", name=f"Company {number} " + "x" * 200)
    with killed_at_the_end(spawn(sandbox, "export_companies", cwd=tmp_path)) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        words = process.stderr.read()
        assert (process.wait(60), words) == (141, "")


def test_database_that_does_not_answer_is_said_in_words(sandbox: Sandbox, file: Path) -> None:
    nowhere = "postgres://nobody@127.0.0.1:9/none"
    command = spawn(sandbox, "onboard_companies", file.name, "--inline", cwd=file.parent, DATABASE_URL=nowhere)
    with killed_at_the_end(command) as process:
        _, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert err.startswith("CommandError: The database refused: ") and "Traceback" not in err
