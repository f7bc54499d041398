"""The one plot: expired and reconnected by week, drawn by the server. Colours are classes; the numbers stand beside."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 26
BAR, BETWEEN = 14, 2


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Week:
    """`number` is the calendar week, under the bars."""

    number: int
    middle: float
    expired: int
    reconnected: int
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Plot:
    width: int
    height: int
    lines: list[tuple[int, float]]
    weeks: list[Week]
    left: int
    right: int
    bottom: int
    summary: str


def draw(weeks: list[tuple[datetime, int, int]]) -> Plot:
    """Two bars for each week over four lines of a scale that begins at nought."""
    highest = max((max(expired, reconnected) for _week, expired, reconnected in weeks), default=0)
    step = max(1, ceil(highest / 4))
    top = step * 4
    floor = HEIGHT - BOTTOM
    room = (WIDTH - LEFT - RIGHT) / max(1, len(weeks))

    def bar(x: float, value: int) -> Bar:
        tall = (floor - TOP) * value / top
        return Bar(round(x, 1), round(floor - tall, 1), BAR, round(tall, 1))

    drawn = []
    for place, (monday, expired, reconnected) in enumerate(weeks):
        middle = LEFT + room * (place + 0.5)
        bars = bar(middle - BAR - BETWEEN / 2, expired), bar(middle + BETWEEN / 2, reconnected)
        drawn.append(Week(monday.isocalendar().week, round(middle, 1), expired, reconnected, bars))
    lines = [(step * number, round(floor - (floor - TOP) * number / 4, 1)) for number in range(5)]
    return Plot(WIDTH, HEIGHT, lines, drawn, LEFT, WIDTH - RIGHT, HEIGHT - 8, _summary(weeks))


def _summary(weeks: list[tuple[datetime, int, int]]) -> str:
    expired, reconnected = sum(week[1] for week in weeks), sum(week[2] for week in weeks)
    return f"In the last {len(weeks)} weeks access expired {expired} times and was given again {reconnected} times."
