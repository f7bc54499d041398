"""The supervisor with tiny children, in a process of its own: signals reach the whole process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import sys
from portal.supervisor import Supervisor

SLEEPS = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
WITH_CHILD = (
    "import subprocess, sys, signal; "
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(p.pid, flush=True); p.wait()"
)
ENDS = "import time; time.sleep(0.5); raise SystemExit(7)"
CHILDREN = {"sleeps": SLEEPS, "stubborn": STUBBORN, "family": WITH_CHILD, "ends": ENDS}

def work(supervisor):
    for name in sys.argv[1:]:
        supervisor.start(name, [sys.executable, "-c", CHILDREN[name]])
    supervisor.say("started")

sys.exit(Supervisor(sys.stdout, grace_seconds=1.0).run(work))
"""


class Parent:
    """A supervisor that runs, and what it has printed so far."""

    def __init__(self, *children: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, *children], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []

    def read_until(self, is_enough: Callable[[list[str]], bool]) -> None:
        assert self.process.stdout is not None
        while not is_enough(self.lines):
            line = self.process.stdout.readline()
            assert line, self.lines
            self.lines.append(line.rstrip())

    def child_pids(self, count: int) -> list[int]:
        """Of the children that print their number."""

        def pids(lines: list[str]) -> list[int]:
            return [int(line.split("|")[1]) for line in lines if "|" in line]

        self.read_until(lambda lines: len(pids(lines)) == count)
        return pids(self.lines)

    def end(self) -> int:
        out, _ = self.process.communicate(timeout=30)
        self.lines += out.splitlines()
        return self.process.returncode


@pytest.fixture
def start():
    parents = []

    def begin(*children: str) -> Parent:
        parents.append(Parent(*children))
        return parents[-1]

    yield begin
    for parent in parents:
        with parent.process:  # closes its pipe, and waits
            parent.process.kill()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def is_gone_soon(pid: int) -> bool:
    for _ in range(100):
        if not is_alive(pid):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_every_child_and_is_no_failure(start, number):
    parent = start("sleeps", "sleeps")
    pids = parent.child_pids(2)
    parent.process.send_signal(number)
    assert parent.end() == 0
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_child_that_ends_stops_the_rest_with_exit_code_1(start):
    parent = start("sleeps", "ends")
    pid = parent.child_pids(1)[0]
    assert parent.end() == 1
    assert not is_alive(pid)
    assert parent.lines[-1] == "ends ended (exit code 7), so everything stops."


def test_child_that_will_not_end_is_killed_with_its_own_children(start):
    parent = start("stubborn", "family")
    pids = parent.child_pids(2)
    parent.process.terminate()
    assert parent.end() == 0
    assert [is_gone_soon(pid) for pid in pids] == [True, True]


def test_second_signal_gives_nobody_more_time(start):
    parent = start("stubborn")
    pid = parent.child_pids(1)[0]
    parent.process.send_signal(signal.SIGINT)
    parent.process.send_signal(signal.SIGINT)
    assert parent.end() == 0
    assert is_gone_soon(pid)


def test_killed_supervisor_leaves_no_child(start):
    parent = start("sleeps")
    pid = parent.child_pids(1)[0]
    os.kill(parent.process.pid, signal.SIGKILL)
    assert is_gone_soon(pid)


def test_output_is_shown_line_by_line_with_the_name(start):
    parent = start("sleeps")
    pid = parent.child_pids(1)[0]
    assert f"  sleeps | {pid}" in parent.lines
