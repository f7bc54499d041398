"""Senders that never finish: a body that comes a byte at a time would hold a thread of the web server for hours."""

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(slots=True)
class _Reading:
    until: float
    connection: socket.socket
    is_over: bool = False


class Watch:
    """Ends the reading of bodies that take longer than `seconds`: whoever reads finds the end of the stream.

    One thread for all of them, started with the first; to watch a body costs a request next to nothing.
    """

    def __init__(self, seconds: float, look_every: float = 1.0) -> None:
        self._seconds = seconds
        self._look_every = look_every
        self._readings: deque[_Reading] = deque()  # oldest first, for all have the same time
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def reading(self, connection: socket.socket | None) -> Iterator[None]:
        """Watches what happens inside; without a socket of the web server there is nothing to watch."""
        if connection is None:
            yield
            return
        mine = _Reading(time.monotonic() + self._seconds, connection)
        self._readings.append(mine)
        self._start()
        try:
            yield
        finally:
            mine.is_over = True

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a fork leaves threads behind
                self._thread = threading.Thread(target=self._look, name="slow-bodies", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(self._look_every)
            now = time.monotonic()
            while self._readings and (self._readings[0].is_over or self._readings[0].until < now):
                oldest = self._readings.popleft()
                if not oldest.is_over:
                    with suppress(OSError):
                        oldest.connection.shutdown(socket.SHUT_RD)
