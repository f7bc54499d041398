"""How ways of doing the same are measured side by side, and how the figures are printed."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter

RUNS = 5
ENOUGH_SECONDS = 60.0  # no further round begins after so long

HEAD = "| Row | What | Figures | Ratios, and what they should be | Notes |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Target:
    """A ratio that counts, and what it should be."""

    name: str
    value: float
    sign: str  # <= or >=
    wanted: float

    @property
    def holds(self) -> bool:
        return self.value <= self.wanted if self.sign == "<=" else self.value >= self.wanted

    def __str__(self) -> str:
        shown = f"{self.value:.2f}" if self.value < 10 and self.value % 1 else f"{self.value:,.0f}"
        sign = "≤" if self.sign == "<=" else "≥"
        return f"{self.name} {shown} ({sign} {self.wanted:g}{'' if self.holds else ', **missed**'})"


@dataclass(frozen=True)
class Measure:
    """A line of the table."""

    row: str
    name: str
    figures: Mapping[str, str]
    targets: Sequence[Target] = field(default_factory=list)
    notes: str = ""

    def as_row(self) -> str:
        figures = "; ".join(f"{name} {value}" for name, value in self.figures.items())
        targets = "; ".join(str(target) for target in self.targets)
        return f"| {self.row} | {self.name} | {figures} | {targets} | {self.notes} |"


def at_most(name: str, value: float, wanted: float) -> Target:
    return Target(name, value, "<=", wanted)


def at_least(name: str, value: float, wanted: float) -> Target:
    return Target(name, value, ">=", wanted)


def side_by_side(
    ways: Mapping[str, Callable[[], float]], runs: int = RUNS, before: Callable[[], object] = lambda: None
) -> dict[str, list[float]]:
    """Every way once, then every way again: a busy moment of the machine meets all of them. `before` each round.

    Each round begins with another way, so that none always follows the same one. Fewer rounds on a machine that
    takes too long for them.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    until = monotonic() + ENOUGH_SECONDS
    for number in range(runs):
        if number and monotonic() > until:
            break
        before()
        first = number % len(ways)
        for name in [*ways][first:] + [*ways][:first]:
            found[name].append(ways[name]())
    return found


def medians(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in found.items()}


def spread(values: Sequence[float]) -> str:
    """How far apart the runs were: the noise of the machine."""
    return f"{len(values)} rounds, the first way's {min(values):.3g} to {max(values):.3g}"


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def highest_memory_kib() -> int:
    """Of this process alone; `ru_maxrss` begins with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0
