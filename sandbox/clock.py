"""The sandbox's own time: real time, moved by an offset that tests may order."""

from __future__ import annotations

import itertools
import time

TICKS_PER_SECOND = 10_000_000  # Codat writes seven fraction digits
DAY_SECONDS = 86_400

# From 2026-01-31T12:34:56.1234567Z: fewer fraction digits, none, an offset, or no zone at all.
SHAPES = (
    lambda text: text,
    lambda text: f"{text[:23]}Z",
    lambda text: f"{text[:19]}Z",
    lambda text: f"{text[:25]}Z",
    lambda text: f"{text[:26]}+00:00",
    lambda text: text[:22],
    lambda text: f"{text[:22]}Z",
)


class Clock:
    """Tells the time in seconds since 1970 and as Codat's timestamp text."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0
        self.is_mixed = False  # timestamps in all the shapes that Codat's answers have shown
        self._last_ticks = 0
        self._shapes = itertools.cycle(SHAPES)

    def seconds(self) -> float:
        return time.time() + self.offset_seconds

    def shift(self, offset_seconds: float) -> None:
        self.offset_seconds = offset_seconds
        self._last_ticks = 0

    def stamp(self) -> str:
        """Now, as text. Two calls never give the same microsecond, so two events have an order."""
        ticks = time.time_ns() // 100 + int(self.offset_seconds * TICKS_PER_SECOND)
        ticks = self._last_ticks = max(ticks, self._last_ticks + 10)
        text = stamp_of_ticks(ticks)
        return next(self._shapes)(text) if self.is_mixed else text

    def next_midnight(self) -> int:
        """The end of the current UTC day, in seconds since 1970."""
        return (int(self.seconds()) // DAY_SECONDS + 1) * DAY_SECONDS

    def today(self) -> int:
        """The number of the current UTC day."""
        return int(self.seconds()) // DAY_SECONDS


def stamp_of_ticks(ticks: int) -> str:
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:07d}Z"


def stamp_of(seconds: float) -> str:
    """Seconds since 1970 as Codat's timestamp text."""
    return stamp_of_ticks(int(seconds * TICKS_PER_SECOND))
