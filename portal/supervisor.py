"""The processes of `make run`: started together, stopped together, and none left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TextIO

GRACE_SECONDS = 15.0
POLL_SECONDS = 0.1
ASKED_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stopped(BaseException):
    """Somebody pressed Ctrl-C, or the system asked us to end. Not an error."""


class Failed(Exception):
    """A sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[str]


class Supervisor:
    """Starts children, shows what they print, and ends when one of them does.

    Each child has a session of its own: Ctrl-C reaches us alone, and we ask the child's first process to end.
    A signal to a whole group would hang workers that answer for their own children.
    """

    def __init__(self, out: TextIO, grace_seconds: float = GRACE_SECONDS) -> None:
        self.out = out
        self.grace_seconds = grace_seconds
        self._children: list[Child] = []
        self._writing = threading.Lock()
        self._is_starting = False
        self._asked = 0  # how often we were asked to stop: the second time nobody gets more time

    def run(self, work: Callable[["Supervisor"], None]) -> int:
        """Do the work that starts the children, then watch them. Returns the exit code; leaves no child."""
        before = {number: signal.signal(number, self._on_signal) for number in ASKED_TO_STOP}
        try:
            work(self)
            return self._watch()
        except Stopped:
            return 0
        except Failed as error:
            self.say(str(error))
            return 1
        finally:
            self._asked = self._asked or 1
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._is_starting = True  # a signal now would lose sight of the new child
        try:
            process = subprocess.Popen(
                command,
                env={**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
            child = Child(name, process)
            self._children.append(child)
            threading.Thread(target=self._show, args=[child], name=f"show {name}", daemon=True).start()
        finally:
            self._is_starting = False
        if self._asked:
            raise Stopped

    def wait_for(self, url: str, timeout_seconds: float) -> None:
        """Until the address answers 200. Raises Failed when it takes too long, or a child ends before."""
        until = time.monotonic() + timeout_seconds
        while not _answers(url):
            self._look()
            if time.monotonic() > until:
                raise Failed(f"{url} does not answer.")
            time.sleep(POLL_SECONDS)

    def say(self, text: str) -> None:
        with self._writing:
            try:
                self.out.write(text + "\n")
                self.out.flush()
            except OSError:
                return  # the terminal is gone

    def _watch(self) -> int:
        while True:
            self._look()
            time.sleep(POLL_SECONDS)

    def _look(self) -> None:
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise Failed(f"{child.name} ended ({_ending(code)}), so everything stops.")

    def _stop(self) -> None:
        alive = [child.process for child in self._children if child.process.poll() is None]
        for process in alive:
            process.terminate()
        until = time.monotonic() + self.grace_seconds
        while self._asked < 2 and time.monotonic() < until and any(process.poll() is None for process in alive):
            time.sleep(POLL_SECONDS / 2)
        for process in alive:
            _kill_group(process)
        for process in alive:
            process.wait()

    def _show(self, child: Child) -> None:
        for line in child.process.stdout or ():
            self.say(f"{child.name:>8} | {line.rstrip()}")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked == 1 and not self._is_starting:
            raise Stopped


def _die_with(parent: int) -> Callable[[], None] | None:
    """On Linux a child is told to end when we are killed and cannot tell it ourselves."""
    if _libc is None:
        return None
    libc = _libc

    def ask() -> None:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # killed in between
            os._exit(1)

    return ask


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Whatever is left of a child and of its own children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  an address of our own
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
