"""Database and broker servers of a test's own, on free ports: to crash, freeze, empty and start again.

A program that is missing fails the test; nothing is left out in silence.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.processes import STOP_SECONDS, die_with_parent, free_port, tree_of, until

POSTGRES_PLACES = "/usr/lib/postgresql/*/bin/postgres"
UNPRIVILEGED = "postgres"  # the server refuses to run as root


def program(name: str, *places: str) -> str:
    """Its path. Raises RuntimeError if it is not installed."""
    found = sorted(path for place in places for path in glob.glob(place)) or [shutil.which(name) or ""]
    if not found[-1]:
        raise RuntimeError(f"{name} is not installed; these tests need it.")
    return found[-1]


class Server:
    """A server process. It keeps its port and its folder from start to start."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="portal-server-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.prepare()
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def prepare(self) -> None:
        """Once, before the first start."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> Self:
        """Returns once it answers."""
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        until(self.answers, f"{type(self).__name__} answers on port {self.port}", 90.0, every=0.02)
        return self

    def crash(self) -> None:
        """Every process of it at once, without a word."""
        assert self._process is not None
        self.freeze()  # or the first process starts new ones meanwhile
        self._signal(signal.SIGKILL)
        self._process.wait(STOP_SECONDS)
        self._process = None

    def restart(self) -> None:
        self.crash()
        self.start()

    def freeze(self) -> None:
        """It accepts connections, and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """PostgreSQL's processes are each a group of their own: all of the tree, first the one that starts others."""
        assert self._process is not None
        for pid in tree_of(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class Redis(Server):
    """Keeps nothing on disk: after a restart it is empty."""

    def command(self) -> Sequence[str]:
        quiet = ("--save", "", "--appendonly", "no", "--dir", str(self.folder))
        return (program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", *quiet)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self, number: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"


class Postgres(Server):
    """With full durability, as in production: what it acknowledged it still has after a crash."""

    def __init__(self) -> None:
        super().__init__()
        self._bin = Path(program("postgres", POSTGRES_PLACES)).parent
        self._numbers = 0

    def prepare(self) -> None:
        if os.getuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        how = ("-D", str(self.folder / "data"), "-U", "portal", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        made = subprocess.run([*self._as_user(), str(self._bin / "initdb"), *how], cwd=self.folder, capture_output=True)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.decode()[-500:]}")

    def command(self) -> Sequence[str]:
        where = ("-D", str(self.folder / "data"), "-p", str(self.port), "-k", "", "-h", "127.0.0.1")
        return (*self._as_user(), str(self._bin / "postgres"), *where, "-c", "max_connections=200")

    def _as_user(self) -> tuple[str, ...]:
        """setpriv takes the program's own place, so that our signals reach it."""
        if os.getuid() != 0:
            return ()
        how = (f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups", "--pdeathsig=KILL")
        return (program("setpriv"), *how)

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=3) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        return f"postgres://portal@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """Its name. A copy of a database that nobody uses right now takes a tenth of a second."""
        self._numbers += 1
        name = f"portal_{self._numbers}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return name
