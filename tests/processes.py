"""The portal as real processes on free ports: web, worker, clock and commands, which tests stop, freeze and kill.

Everything lies in one folder, and everything started is gone at the end, whatever happened. Needs no Django.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.kit import Sandbox

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG"
QUEUES = ("live", "webhooks", "sweeps", "bulk")
START_SECONDS = 40.0
STOP_SECONDS = 15.0
GRACE_SECONDS = 4.0  # at the end of a test
POLL_SECONDS = 0.05
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
NEVER_LOGGED = {
    "one-time password": re.compile(r"(?i)\botp=(?!\*\*\*)"),
    "token of a link of ours": re.compile(r"/(?:invite|sign-in/link|reminders)/(?!\*\*\*)[^/\s]{12,}"),
    "session": re.compile(r"sessionid=(?!\*\*\*)\w{12,}"),
}

Found = TypeVar("Found")
_libc = ctypes.CDLL(None)


def until(look: Callable[[], Found], what: str, timeout_seconds: float = 30.0, every: float = POLL_SECONDS) -> Found:
    """What `look` finds, as soon as it finds something. Raises TimeoutError that says what did not come."""
    give_up_at = time.monotonic() + timeout_seconds
    while not (found := look()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"In {timeout_seconds:.0f} s not: {what}.")
        time.sleep(every)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> list[int]:
    """Its direct children that live."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def tree_of(pid: int) -> list[int]:
    """A process and all below it, parents first."""
    return [pid, *(each for child in children_of(pid) for each in tree_of(child))]


def die_with_parent() -> None:
    """For a child, before it runs: nothing that a test started outlives the test."""
    _libc.prctl(DIE_WITH_PARENT, signal.SIGKILL)


class Process:
    """A process with a group of its own; what it prints goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of it and all that it started."""
        self._signal_group(signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def freeze(self) -> None:
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """To the first process of the group alone, as an operator would."""
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end; returns its exit code. Killed if it does not, and so is what it leaves behind."""
        if self.is_alive:
            self.thaw()
            self._process.terminate()
        return self.wait(STOP_SECONDS)

    def wait(self, timeout_seconds: float = 60.0) -> int:
        """Its exit code. Killed, with -9, if it takes longer."""
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._signal_group(signal.SIGKILL)
        return self._process.returncode

    def children(self) -> list[int]:
        return children_of(self.pid)

    def wait_for(self, words: str, timeout_seconds: float = START_SECONDS) -> None:
        """Until it has printed these words. Raises AssertionError with its output if it ends before."""

        def has_come() -> bool:
            assert words in self.output or self.is_alive, f"{self.name} ended:\n{self.output[-3000:]}"
            return words in self.output

        until(has_come, f"{self.name} says {words!r}", timeout_seconds)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # nobody is left


class Portal:
    """One portal with its own database, broker and folder. As a context it ends all its processes."""

    def __init__(
        self,
        folder: Path,
        sandbox: Sandbox,
        *,
        database_url: str,
        broker_url: str = "",
        cache_url: str = "",
        **more: str,
    ) -> None:
        self.folder, self.sandbox, self.port = folder, sandbox, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.webhook_url = f"{self.url}/webhooks/codat/"
        self.prefix: list[str] = []  # before each command, such as faketime's
        self._processes: list[Process] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONUNBUFFERED": "1",
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(folder),
            "DEMO": "0",
            "DEBUG": "0",
            "SECRET_KEY": SECRET_KEY,
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            "CODAT_BASE_URL": sandbox.url,
            "CODAT_API_KEY": sandbox.api_key,
            "CODAT_WEBHOOK_SECRET": sandbox.webhook_secret,
            "CODAT_PER_MINUTE": "0",
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker_url,
            "CACHE_URL": cache_url,
            "EMAIL_URL": "dummymail://",
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "STAFF_SECOND_FACTOR": "0",
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "INFO",
            **more,
        }
        (folder / "static").mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        told = self.secrets_told()
        assert kind is not None or told == [], told

    def secrets_told(self) -> list[str]:
        """What stands in a log of any process so far, and must stand in none: its name and the process's."""
        literal = {
            "SECRET_KEY": SECRET_KEY,
            "API key": self.sandbox.api_key,
            "webhook secret": self.sandbox.webhook_secret,
        }
        patterns = {name: re.compile(re.escape(text)) for name, text in literal.items()} | NEVER_LOGGED
        logs = {path.name: path.read_text(errors="replace") for path in self.folder.glob("*.log")}
        return [
            f"{name} in {log}" for log, text in logs.items() for name, found in patterns.items() if found.search(text)
        ]

    def start(self) -> None:
        """Web, worker and clock, as `make run` starts them."""
        web = self.start_web(waits=False)
        worker = self.start_worker(waits=False)
        self.start_beat()
        worker.wait_for("ready.")
        self.wait_until_served(web)

    def start_web(self, *, workers: int = 1, waits: bool = True) -> Process:
        command = ("-m", "gunicorn", "--no-control-socket", "-c", "python:portal.web", "portal.wsgi")
        web = self.run("web", *command, WEB_CONCURRENCY=str(workers))
        if waits:
            self.wait_until_served(web)
        return web

    def start_worker(
        self, *queues: str, pool: str = "threads", concurrency: int = 4, name: str = "worker", waits: bool = True
    ) -> Process:
        command = ["-m", "celery", "-q", "-A", "portal", "worker", "-P", pool, "-c", str(concurrency)]
        command += ["--without-gossip", "--without-mingle", "-l", "INFO"]
        command += ["-n", f"{name}@%h", "-Q", ",".join(queues or QUEUES)]
        worker = self.run(name, *command)
        if waits:
            worker.wait_for("ready.")
        return worker

    def start_beat(self) -> Process:
        return self.run("beat", "-m", "celery", "-q", "-A", "portal", "beat", "--pidfile=")

    def manage(self, *words: str, **environment: str) -> Process:
        """A command of ours, started."""
        return self.run(words[0], "manage.py", *words, **environment)

    def manage_to_end(self, *words: str, timeout_seconds: float = 120.0) -> str:
        """A command of ours, run to its end; what it printed. Raises AssertionError if it failed."""
        process = self.manage(*words)
        code = process.wait(timeout_seconds)
        assert code == 0, f"{words[0]} ended with {code}:\n{process.output[-3000:]}"
        return process.output

    def begin_task(self, name: str) -> Process:
        """One of the worker's tasks, once, in a process of its own."""
        begin = f"import django; django.setup(); from onboarding import tasks; print(tasks.{name}())"
        return self.run(name, "-c", begin)

    def run(self, name: str, *words: str, **environment: str) -> Process:
        command = [*self.prefix, sys.executable, *words]
        process = Process(name, command, {**self.environment, **environment}, self.folder)
        self._processes.append(process)
        return process

    def run_line(self, name: str, line: str, **environment: str) -> Process:
        """A line of the Procfile, word for word, by a shell that finds this Python's programs."""
        programs = f"{Path(sys.executable).parent}{os.pathsep}{self.environment['PATH']}"
        process = Process(name, ["sh", "-c", line], {**self.environment, "PATH": programs, **environment}, self.folder)
        self._processes.append(process)
        return process

    def wait_until_served(self, web: Process | None = None, timeout_seconds: float = START_SECONDS) -> None:
        def answers() -> bool:
            assert web is None or web.is_alive, f"web ended:\n{web.output[-3000:]}"
            return self.get("/healthz") == 200

        until(answers, f"{self.url} answers", timeout_seconds)

    def get(self, path: str, timeout_seconds: float = 5.0) -> int:
        """The status of a page; 0 without an answer."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout_seconds) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def kill(self) -> int:
        """kill -9 of every process at once, as when the power fails; returns how many there were."""
        alive = [process for process in self._processes if process.is_alive]
        for process in alive:
            process.kill()
        self._processes.clear()
        return len(alive)

    def stop(self) -> None:
        """End every process that still lives, all at once; none is left behind."""
        for process in self._processes:
            if process.is_alive:
                process.thaw()
                process.send(signal.SIGTERM)
        give_up_at = time.monotonic() + GRACE_SECONDS
        for process in self._processes:
            process.wait(max(0.1, give_up_at - time.monotonic()))
        self._processes.clear()
