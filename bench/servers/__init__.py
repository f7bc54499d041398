"""What the portal is measured against, as WSGI applications; and how they are started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import load, world
from tests.processes import Process, free_port

WORKERS, THREADS = 4, 2


@contextmanager
def gunicorn(application: str, url: str, folder: Path, **more: str) -> Iterator[int]:
    """gunicorn with four workers, the same for everybody; its port, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--worker-class", "gthread"]
    command += ["--keep-alive", "5", "--worker-tmp-dir", str(folder), application]
    settings = world.settings_for(url, PORT=str(port), ALLOWED_HOSTS="127.0.0.1", **more)
    process = Process(application.replace(":", "-"), command, {**os.environ, **settings}, folder)
    try:
        _wait(port, process)
        yield port
    finally:
        process.stop()


def _wait(port: int, process: Process, seconds: float = 60.0) -> None:
    """Until every worker has started: a worker that still imports takes its share of the processors."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.is_alive, process.output[-2000:]
        try:
            load.send_all(port, [load.get("/healthz")] * 4 * WORKERS, 2 * WORKERS)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(process.output[-2000:])
