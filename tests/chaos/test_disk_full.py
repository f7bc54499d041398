"""SQLite on a disk that fills up: refused at once, nothing broken, right again when there is room (W24)."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.chaos.traffic import customers, traffic
from tests.inside import copy_sqlite, looking_into
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile
from tests.servers import program
from tests.stacks import SPOOL, SqliteFiles, folder

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
Tell = Callable[[str], None]
DISK_MEGABYTES = 12


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system in memory. Needs the right to mount, as root has it."""
    with folder() as place:
        subprocess.run(
            [program("mount"), "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(place)], check=True
        )
        try:
            yield place
        finally:
            subprocess.run([program("umount"), "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def test_a_full_disk_refuses_events_and_recovers(
    files: SqliteFiles, small_template: str, sandbox: Sandbox, django_db_blocker: DjangoDbBlocker, tell: Tell
) -> None:
    with small_disk() as disk, folder() as path, django_db_blocker.unblock():
        database = disk / "portal.sqlite3"
        url = copy_sqlite(Path(files.url(small_template).removeprefix("sqlite:///")), database)
        with looking_into(url), Portal(path, sandbox, database_url=url, broker_url=SPOOL) as portal:
            rows = customers(sandbox, 50)
            portal.start()
            with traffic(portal, rows, 600, 60) as news:
                time.sleep(2)
                ballast = fill(disk)
                until(lambda: news.failures, "a refusal", 30)
                time.sleep(3)
                ballast.unlink()

            assert {answer.status for answer in news.failures} <= {500, 503}
            assert news.lost() == set()
            news.wait_until_handled()
            assert reconcile(sandbox) == []
            with closing(sqlite3.connect(database)) as line:
                assert line.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            tell(news.summary())
