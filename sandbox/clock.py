"""The sandbox's own time: real time, moved by an offset that tests may order."""

from __future__ import annotations

import time

TICKS_PER_SECOND = 10_000_000  # Codat writes seven fraction digits
DAY_SECONDS = 86_400


class Clock:
    """Tells the time in seconds since 1970 and as Codat's timestamp text."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0
        self._last_ticks = 0

    def seconds(self) -> float:
        return time.time() + self.offset_seconds

    def shift(self, offset_seconds: float) -> None:
        self.offset_seconds = offset_seconds
        self._last_ticks = 0

    def stamp(self) -> str:
        """Now, as text. Two calls never give the same microsecond, so two events have an order."""
        ticks = time.time_ns() // 100 + int(self.offset_seconds * TICKS_PER_SECOND)
        ticks = self._last_ticks = max(ticks, self._last_ticks + 10)
        return stamp_of_ticks(ticks)

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
