"""How far a batch is, in a terminal, a log or a pipe; and whether somebody wants it to stop."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from types import FrameType

from django.core.management.base import OutputWrapper
from django.db import DatabaseError, connections
from django.utils import timezone
from tqdm import tqdm

from onboarding.models import Batch
from onboarding.usecases import bulk

LINE_SECONDS = 5.0
BAR_SECONDS = 1.0


class Stopped:
    """Whether Ctrl-C or SIGTERM came. A second Ctrl-C ends the process at once; nothing is lost by that either."""

    def __init__(self) -> None:
        self._event = Event()

    def __call__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)

    @contextmanager
    def listening(self) -> Iterator["Stopped"]:
        before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def told(batch: Batch, out: OutputWrapper) -> Iterator[None]:
    """Meanwhile say how far the batch is: a bar on a terminal, a line every five seconds elsewhere."""
    is_over = Event()
    thread = Thread(target=_tell, args=(batch, out, is_over), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _tell(batch: Batch, out: OutputWrapper, is_over: Event) -> None:
    is_terminal = sys.stderr.isatty()
    bar = tqdm(total=batch.rows.count() or 1, unit=" rows", disable=None, file=sys.stderr) if is_terminal else None
    try:
        is_last = False
        while not is_last:
            is_last = is_over.wait(BAR_SECONDS if bar else LINE_SECONDS)
            progress = bulk.progress(batch)
            if bar:
                bar.set_postfix_str(more(progress), refresh=False)
                bar.update(progress.ended - bar.n)
            elif not is_last:
                out.write(line(progress))
    except DatabaseError:
        return  # whoever works on the batch has the same trouble, and says so
    finally:
        if bar:
            bar.close()
        connections.close_all()


def line(progress: bulk.Progress) -> str:
    """1,310 / 4,962, 0 failed, next pause …"""
    return f"{progress.ended:,} / {progress.total:,}, {more(progress)}"


def more(progress: bulk.Progress) -> str:
    if progress.paused_until:
        return f"{progress.failed:,} failed, paused until {clock(progress.paused_until)}"
    pause = f", next pause {clock(progress.next_pause)}" if progress.next_pause else ""
    return f"{progress.failed:,} failed{pause}"


def clock(at: datetime) -> str:
    """In UTC, as Codat's days are; with its date unless that is today."""
    utc = at.astimezone(UTC)
    is_today = utc.date() == timezone.now().astimezone(UTC).date()
    return f"{utc:%H:%M} UTC" if is_today else f"{utc:%-d %B, %H:%M} UTC"
