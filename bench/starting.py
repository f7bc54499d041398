"""P9: from `start.py run` in a fresh copy to the first page, next to installing the same lock file alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import Measure, at_most, medians, seconds, side_by_side
from tests.processes import ROOT, Process, free_port

PYTHON = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")
PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
PATIENCE_SECONDS = 600.0
WARM_RUNS = 3
OURS = ("ENV_FILE", "VAR_DIR", "DATABASE_URL", "CODAT_BASE_URL", "CODAT_API_KEY", "CODAT_WEBHOOK_SECRET", "SECRET_KEY")


def run(_size: int) -> Iterator[Measure]:
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        _install(Path(folder) / "before")  # from now on pip has the packages: both find them in its cache
        found = side_by_side({"install": lambda: _install_again(folder), "cold": lambda: _cold(folder)}, 1)
        found["warm"] = [_start(Path(folder) / "portal") for _ in range(WARM_RUNS)]
        told = medians(found)
    yield Measure(
        row="P9",
        name="`make run` to the first page",
        figures={
            "pip install of the lock file": f"{told['install']:.1f} s",
            "cold": f"{told['cold']:.1f} s",
            "warm": f"{told['warm']:.1f} s",
        },
        targets=[
            at_most("cold, s more than the install", told["cold"] - told["install"], 15),
            at_most("warm, s", told["warm"], 6),
        ],
        notes=f"one cold start, packages in pip's cache for both; {WARM_RUNS} warm ones",
    )


def _install_again(folder: str) -> float:
    return seconds(lambda: _install(Path(folder) / "alone"))


def _install(venv: Path) -> None:
    """An environment with the packages that running needs, and nothing else."""
    subprocess.run([PYTHON, "-m", "venv", "--clear", str(venv)], check=True)
    lock = ["-r", str(ROOT / "requirements" / "run.txt")]
    subprocess.run([str(venv / "bin" / "python"), *PIP, *lock], check=True)


def _cold(folder: str) -> float:
    """In a copy of what is committed, as from a fresh clone."""
    copy = Path(folder) / "portal"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy2(ROOT / name, copy / name)
    return _start(copy)


def _start(copy: Path) -> float:
    with _running(copy) as (port, process):
        return seconds(lambda: _first_page(port, process))


@contextmanager
def _running(copy: Path) -> Iterator[tuple[int, Process]]:
    port, sandbox_port = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port), "PYTHONDONTWRITEBYTECODE": ""}
    process = Process("start", [PYTHON, str(copy / "start.py"), "run"], environment, copy.parent)
    try:
        yield port, process
        assert process.is_alive, process.output[-2000:]
    finally:
        process.stop()


def _first_page(port: int, process: Process) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.is_alive:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise TimeoutError(f"no page; the last that was said: {process.output[-2000:]}")
