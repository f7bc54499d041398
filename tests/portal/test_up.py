"""`manage.py up` as people start it: real processes, in a folder of their own, on free ports."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
SECRET = "whsec_dGVzdHMtb25seS13ZWJob29rLXNlY3JldC0wMTIz"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Up:
    """One start of everything, and what the terminal showed."""

    def __init__(self, var: Path, **env: str) -> None:
        self.port = int(env["PORT"]) if env.get("PORT", "").isdigit() else free_port()
        values = {"PATH": os.environ["PATH"], "HOME": str(var.parent), "ENV_FILE": os.devnull, "VAR_DIR": str(var)}
        values |= {"PORT": str(self.port), "SANDBOX_PORT": str(free_port()), **env}
        self.out = var.with_suffix(f".{self.port}.out")
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=values, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def shown(self) -> str:
        return self.out.read_text()

    def wait_until_shown(self, text: str) -> str:
        until = time.monotonic() + START_SECONDS
        while text not in self.shown:
            assert self.process.poll() is None and time.monotonic() < until, self.shown
            time.sleep(0.05)
        return self.shown

    def children(self) -> dict[str, int]:
        """name → pid of the processes that we started."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        names = ("sandbox", "gunicorn", "worker", "beat")
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids}
        return {name: pid for pid, line in lines.items() for name in names if name in line}

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("up") / "var"


@pytest.fixture(scope="module")
def starts() -> Iterator[list[Up]]:
    """Whatever a test leaves running is ended with the module."""
    begun: list[Up] = []
    yield begun
    for up in begun:
        if up.process.poll() is None:
            up.end(signal.SIGTERM)


@pytest.fixture
def up(var, starts) -> Up:
    """Everything is up, from the first start or from an earlier test's."""
    if not starts or starts[-1].process.poll() is not None:
        starts.append(Up(var))
        starts[-1].wait_until_shown("Ctrl-C stops everything.")
    return starts[-1]


def are_gone(pids: list[int]) -> bool:
    for _ in range(200):
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_table_opens_every_door(up):
    for address in re.findall(rf"http://127\.0\.0\.1:{up.port}(/\S*)", up.shown):
        assert up.get(address)[0] == 200, address


def test_portal_is_ready_once_worker_and_clock_beat(up):
    until = time.monotonic() + 40
    while up.get("/readyz")[0] != 200 and time.monotonic() < until:
        time.sleep(0.5)
    assert up.get("/readyz")[0] == 200, up.get("/readyz")[1]


def test_no_secret_stands_in_the_process_list(up, var):
    kept = dict(line.split("=", 1) for line in (var / "demo.env").read_text().splitlines())
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in up.children().values()]
    assert len(lines) == 4
    for name in ("CODAT_API_KEY", "CODAT_WEBHOOK_SECRET", "DEMO_STAFF_PASSWORD"):
        assert not any(kept[name] in line for line in lines)


def test_second_start_from_the_same_folder_is_refused(up, var):
    other = Up(var)
    assert other.process.wait(timeout=30) == 1
    assert other.shown.startswith("CommandError: The portal runs already from")
    assert "Traceback" not in other.shown


def test_second_start_shows_the_same_staff_password(up, var, starts):
    before = re.search(r"Staff .*", up.shown)[0].split()[-1]
    assert up.end(signal.SIGTERM) == 0
    starts.append(Up(var))
    shown = starts[-1].wait_until_shown("Ctrl-C stops everything.")
    assert re.search(r"Staff .*", shown)[0].split()[-1] == before


def test_ctrl_c_stops_everything_cleanly(up):
    pids = list(up.children().values())
    assert up.end(signal.SIGINT) == 0
    assert are_gone(pids)
    assert "Traceback" not in up.shown


def test_killed_supervisor_leaves_nothing(up):
    pids = list(up.children().values())
    up.end(signal.SIGKILL)
    assert are_gone(pids)


def test_child_that_dies_takes_the_rest_along(up):
    children = up.children()
    os.kill(children["worker"], signal.SIGKILL)
    assert up.process.wait(timeout=40) == 1
    assert are_gone(list(children.values()))
    assert "killed by SIGKILL), so everything stops." in up.shown


@pytest.fixture
def real(tmp_path) -> Iterator[Up]:
    """Everything is up, for a Codat that is somewhere else."""
    up = Up(tmp_path / "var", CODAT_BASE_URL="http://127.0.0.1:9", CODAT_API_KEY="k", CODAT_WEBHOOK_SECRET=SECRET)
    try:
        up.wait_until_shown("Ctrl-C stops everything.")
        yield up
    finally:
        up.end(signal.SIGTERM)


def test_with_a_codat_elsewhere_there_is_no_sandbox_and_no_demo(real):
    assert "sandbox" not in real.children()
    assert "/return/?companyId={companyId}&connectionId={connectionId}" in real.shown
    assert "/webhooks/codat" in real.shown
    assert real.get("/demo/mail/")[0] == 404


@pytest.mark.parametrize("variable", ["PORT", "SANDBOX_PORT"])
def test_taken_port_is_one_sentence(tmp_path, variable):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Up(tmp_path / "var", **{variable: str(port)})
        assert refused.process.wait(timeout=60) == 1
    assert f"Port {port} is taken." in refused.shown
    assert variable in refused.shown
    assert "Traceback" not in refused.shown


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"PORT": "abc"}, "Cannot start: PORT is not a whole number.\n"),
        ({"CODAT_BASE_URL": "https://api.codat.io"}, "Cannot start: CODAT_API_KEY is not set."),
        ({"CODAT_BASE_URL": "http://far.example", "CODAT_API_KEY": "k"}, "Cannot start: CODAT_BASE_URL is neither"),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}, "The database cannot be used: "),
        ({"ENV_FILE": "/none/such"}, "Cannot start: The settings file /none/such cannot be read.\n"),
    ],
)
def test_wrong_settings_are_one_sentence(tmp_path, env, sentence):
    refused = Up(tmp_path / "var", **env)
    assert refused.process.wait(timeout=30) == 1
    assert refused.shown.startswith(sentence)
    assert "Traceback" not in refused.shown
