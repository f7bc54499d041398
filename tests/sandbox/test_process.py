"""The process itself: ready line, taken port, clean end, state between starts."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.kit import ROOT, Sandbox


@pytest.fixture
def keeper(tmp_path) -> Iterator[Sandbox]:
    """A sandbox of its own that keeps its state in a file."""
    process = Sandbox("--state", str(tmp_path / "state.json")).start()
    yield process
    process.stop()


def test_state_survives_a_restart(keeper):
    made = keeper.fill(3)
    keeper.deauthorise(made[0]["connections"][0])
    keeper.reads(made[1]["id"], bills="FetchError")
    keeper.enable("gbol", on=False)
    before = keeper.companies()

    assert keeper.stop() == 0
    keeper.start()

    assert keeper.companies() == before
    keeper.emit("client.rateLimit.reset", {})  # still works


def test_damaged_state_file_starts_empty(tmp_path):
    file = tmp_path / "state.json"
    file.write_text('{"format": 1, "companies": [')
    process = Sandbox("--state", str(file)).start()

    assert process.companies() == []
    assert process.stop() == 0
    assert json.loads(file.read_text() or "{}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(number):
    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("Sandbox ready at http://127.0.0.1:")
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


def test_taken_port_gives_one_plain_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "sandbox", "--port", str(port)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert ended.stderr == f"The sandbox cannot listen on 127.0.0.1 port {port}: Address already in use.\n"


def test_faults_can_be_ordered_at_the_start():
    process = Sandbox("--daily", "2", "--retry-after", "30000", "--error-every", "2").start()

    quota = process.control("GET", "/quota")

    assert (quota["limit"], quota["remaining"]) == (2, 2)
    assert process.stop() == 0
