"""`python -m bench [rows] [--size N]`, or `make bench`: prints the table of docs/benchmarks.md.

Every row runs in a process of its own, with a database of its own: BENCH_POSTGRES_URL says on which server.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from time import perf_counter

from bench.report import HEAD

ROWS = {
    "P1": "intake",
    "P2": "handling",
    "P3": "news",
    "P4": "sweeping",
    "P5": "counting",
    "P6": "onboarding",
    "P7": "lists",
    "P8": "pages",
    "P9": "starting",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"{', '.join(ROWS)}, or by name; all unless told.")
    parser.add_argument("--size", type=int, default=int(os.environ.get("SIZE") or 1), help="How many times larger.")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    try:
        names = [_module(row) for row in told.rows] or list(ROWS.values())
    except KeyError as error:
        parser.error(f"There is no row {error}.")
    if told.alone:
        return _measure(names[0], told.size)
    print(HEAD, flush=True)
    return max(_in_a_process(name, told.size) for name in names)


def _module(row: str) -> str:
    return row if row in ROWS.values() else ROWS[row.upper()]


def _in_a_process(name: str, size: int) -> int:
    return subprocess.call([sys.executable, "-m", "bench", name, "--alone", "--size", str(size)])


def _measure(name: str, size: int) -> int:
    """The table goes to standard output, how long it took and how busy the machine was to standard error."""
    before, started = os.getloadavg()[0], perf_counter()
    for measure in importlib.import_module(f"bench.{name}").run(size):
        print(measure.as_row(), flush=True)
    took, after = perf_counter() - started, os.getloadavg()[0]
    print(f"{name}: {took:.0f} s, load {before:.1f} before and {after:.1f} after", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
