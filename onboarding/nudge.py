"""One message to the worker for many rows.

    nudge(tasks.drain_deliveries)

marks and returns. A thread of this process sends: for each task at most one message per 300 ms, and one after
the last mark. So a broker that is down, or frozen, costs no request anything; a hint that is lost is no loss,
for the clock asks for the same rows.
"""

import atexit
import logging
import os
import threading
import time

import structlog
from celery import Task

EVERY_SECONDS = 0.3
LAST_WORD_SECONDS = 1.0  # a command that ends waits so long for its hint to leave
QUIET_SECONDS = 30.0  # between two lines about a broker that is down

log = logging.getLogger(__name__)


class Nudger:
    """Holds the marks of one process. Its thread starts with the first mark, so after any fork."""

    def __init__(self) -> None:
        self._marks: dict[str, tuple[Task, str | None]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_sending = False
        self._told_at = float("-inf")

    def mark(self, task: Task) -> None:
        number = structlog.contextvars.get_contextvars().get("request_id")
        with self._changed:
            self._marks.setdefault(task.name, (task, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_for_ever, name="nudge", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_until_sent(self, timeout_seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._marks and not self._is_sending, timeout_seconds)

    def _send_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._marks))
                marks, self._marks, self._is_sending = list(self._marks.values()), {}, True
            self._send(marks)
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()
            time.sleep(EVERY_SECONDS)

    def _send(self, marks: list[tuple[Task, str | None]]) -> None:
        """Over a connection of its own: one that stood idle may be dead, or another process's."""
        try:
            with marks[0][0].app.connection_for_write() as connection:
                connection.connect()  # tries once; kombu's own way of opening tries for long
                for task, number in marks:
                    headers = {"request_id": number} if number else {}
                    task.apply_async(connection=connection, headers=headers, retry=False)
        except Exception as error:  # whatever a broker can raise: the clock will ask
            if time.monotonic() - self._told_at > QUIET_SECONDS:
                self._told_at = time.monotonic()
                log.warning("The broker did not take a hint", extra={"reason": type(error).__name__})


_nudger = Nudger()


def nudge(task: Task) -> None:
    """Soon, somebody should run this task. Never waits, never raises."""
    try:
        _nudger.mark(task)
    except RuntimeError:  # no thread can be started any more: the process is ending
        log.info("A hint was not sent, for the process is ending")


def wait_until_sent(timeout_seconds: float = LAST_WORD_SECONDS) -> bool:
    """Whether every mark has left by then."""
    return _nudger.wait_until_sent(timeout_seconds)


def _start_afresh() -> None:
    global _nudger
    _nudger = Nudger()


os.register_at_fork(after_in_child=_start_afresh)
atexit.register(wait_until_sent)
