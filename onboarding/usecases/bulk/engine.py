"""The engine of every batch: one thread claims and records, a few others talk to Codat."""

from collections.abc import Callable, Iterable
from contextvars import copy_context
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from django.db import connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from ... import quota, wiring
from ...models import Batch, BatchRow, Lease, RowStatus
from ...quota.block import BlockGate
from ...wiring import Errand
from . import claims, outcomes
from .kinds import job_of, wake
from .outcomes import BRIEF_SECONDS, RELEASED
from .steps import Finished, Job, Outcomes, Step

THREADS = 12  # Codat takes eight at once from an account without connected companies, and two more for customers
UNDER_WAY = 45  # rows claimed and not yet recorded: what a killed process leaves can be looked up in one request
AT_A_TIME = 16
GATHER_SECONDS = 0.1  # results are recorded together, and no later than this
LOOK_SECONDS = 1.0  # how soon a stop is noticed
SLICE_SECONDS = 5.0  # several batches take turns
DRAIN = "bulk.drain"
LAST_ANSWERS_SECONDS = 20.0  # how long the steps under way may still take


class Crew:
    """A few threads that carry out steps. Leaving it waits for the steps under way.

    After an error that concerns every row no thread begins another step, however late the error is taken in.
    """

    def __init__(self, size: int) -> None:
        self._todo: SimpleQueue[Step | None] = SimpleQueue()
        self._done: SimpleQueue[Finished] = SimpleQueue()
        self._left: SimpleQueue[Step] = SimpleQueue()
        self._is_halted = Event()
        self._gate = BlockGate(Errand.BACKGROUND, size)
        self._threads = [_thread(self._carry_out, f"bulk-{n}") for n in range(size)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.take_back()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()
        self._gate.close()

    def give(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._todo.put(step)

    def take_back(self) -> list[Step]:
        """The steps that nobody has begun."""
        steps = []
        for queue in (self._todo, self._left):
            while (step := _next(queue, 0)) is not None:
                steps.append(step)
        return steps

    def finished(self, count: int, wait_seconds: float) -> list[Finished]:
        """Up to so many steps that have ended, gathered for at most so long."""
        until = monotonic() + wait_seconds
        found: list[Finished] = []
        while len(found) < count and (item := _next(self._done, until - monotonic())) is not None:
            found.append(item)
        return found

    def _carry_out(self) -> None:
        with wiring.through(self._gate):
            self._carry_out_steps()

    def _carry_out_steps(self) -> None:
        try:
            while (step := self._todo.get()) is not None:
                if self._is_halted.is_set():
                    self._left.put(step)
                    continue
                told = _tried(step)
                if outcomes.concerns_all(told):
                    self._is_halted.set()
                self._done.put((step, told))
        finally:
            connections.close_all()


def _thread(act: Callable[[], None], name: str) -> Thread:
    """Its log lines carry the ids of the task or request that it works for, as its maker's do."""
    return Thread(target=copy_context().run, args=(act,), name=name, daemon=True)


def _next(queue: "SimpleQueue[Any]", wait_seconds: float) -> Any:
    try:
        return queue.get(timeout=wait_seconds) if wait_seconds > 0 else queue.get_nowait()
    except Empty:
        return None


def _tried(step: Step) -> Any:
    try:
        return step.call()
    except Exception as error:  # sorted out by the job, in its own thread
        return error


class Shift:
    """One stretch of work on one batch by one process."""

    def __init__(self, batch: Batch, job: Job, crew: Crew) -> None:
        self.batch, self.job, self.crew = batch, job, crew
        self.under_way: dict[int, BatchRow] = {}
        self.handled = 0
        self.is_over = False
        self._claims_from = self._renewed_at = monotonic()

    def claim(self) -> bool:
        """Whether anything new was due."""
        if self.is_over or monotonic() < self._claims_from or len(self.under_way) > UNDER_WAY - AT_A_TIME:
            return False
        size = AT_A_TIME if self.under_way else UNDER_WAY
        rows = claims.claim(self.batch, size, beside=self.under_way.values())
        self.under_way |= {row.pk: row for row in rows}
        if rows:
            self._go_on(*self.job.begin(rows))
        return bool(rows)

    def collect(self) -> None:
        finished = self.crew.finished(min(AT_A_TIME, len(self.under_way)), GATHER_SECONDS)
        if finished:
            self._go_on(*self.job.end(finished))
        if self.is_over:
            self._release(self.crew.take_back())

    def renew(self) -> None:
        if self.under_way and monotonic() - self._renewed_at > claims.RENEW_SECONDS:
            self._renewed_at = monotonic()
            claims.renew(self.under_way.values())
            self.job.renew()

    def end(self) -> None:
        """Begin nothing more; what threads are doing is still taken in."""
        self.is_over = True
        self._release(self.crew.take_back())

    def _go_on(self, outcomes: Outcomes, steps: list[Step]) -> None:
        if self.is_over:
            self._release(steps)
        else:
            self.crew.give(steps)
        self._record(outcomes)

    def _release(self, steps: list[Step]) -> None:
        if steps:
            self.job.release(steps)
            self._record([(row, RELEASED) for step in steps for row in step.rows])

    def _record(self, outcomes: Outcomes) -> None:
        if not outcomes:
            return
        claims.record(self.batch, outcomes)
        for row, outcome in outcomes:
            self.under_way.pop(row.pk, None)
            self.handled += outcome.status != RowStatus.WAITING
            if outcome.pause_seconds and outcome.pause_seconds <= BRIEF_SECONDS:
                self._claims_from = max(self._claims_from, monotonic() + outcome.pause_seconds)
        if not self.is_over and any(o.halt or o.pause_seconds > BRIEF_SECONDS for _, o in outcomes):
            self.end()


def work(batch: Batch, *, seconds: float = 20.0, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Work on one batch for so long, or until nothing is due; returns how many rows ended.

    Safe beside any other process that works on it. Raises the database's errors; then the rows under way are due
    again when their lease has run out.
    """
    if not open_batches().filter(pk=batch.pk).exists():
        return 0
    wake(batch)
    if not _has_due(batch):
        claims.finish(batch)
        return 0
    until = monotonic() + seconds
    with Crew(THREADS) as crew:
        shift = Shift(batch, job_of(batch), crew)
        stop = _Stop(batch, is_stopped)
        while not shift.is_over or shift.under_way:
            if not shift.is_over and (monotonic() > until or stop()):
                shift.end()
            is_new = shift.claim()
            shift.collect()
            shift.renew()
            if not is_new and not shift.under_way:
                break
    claims.finish(batch)
    return shift.handled


def _has_due(batch: Batch) -> bool:
    return batch.rows.filter(status=RowStatus.WAITING, not_before__lte=timezone.now()).exists()


class _Stop:
    """Whether to stop: as the caller says, or as somebody wrote on the batch, looked at once a second."""

    def __init__(self, batch: Batch, is_stopped: Callable[[], bool]) -> None:
        self._batch, self._is_stopped = batch, is_stopped
        self._looked_at = monotonic()

    def __call__(self) -> bool:
        if self._is_stopped():
            return True
        if monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = monotonic()
        return not open_batches().filter(pk=self._batch.pk).exists()


def open_batches() -> QuerySet[Batch]:
    """The batches that may be worked on now, oldest first. A pause ends with its time, or when Codat allows again."""
    batches = Batch.objects.filter(stored_at__isnull=False, stopped_at=None, finished_at=None).order_by("pk")
    allowance = quota.read()
    if allowance.is_paused or allowance.is_down:
        return batches.filter(Q(paused_until=None) | Q(paused_until__lte=timezone.now()))
    return batches


def drain(seconds: float = 20.0) -> int:
    """Work on every batch that is open, in turns, for about so long; returns how many rows ended.

    One at a time does so for the worker: Codat's limits let no second one be of use. A dead one's claim runs out.
    """
    me, now = uuid4(), timezone.now()
    Lease.objects.get_or_create(name=DRAIN)
    is_free = Q(held_until=None) | Q(held_until__lt=now)
    if not Lease.objects.filter(is_free, name=DRAIN).update(
        held_by=me, held_until=now + timedelta(seconds=seconds + LAST_ANSWERS_SECONDS)
    ):
        return 0
    try:
        return _drain(seconds)
    finally:
        Lease.objects.filter(name=DRAIN, held_by=me).update(held_by=None, held_until=None)


def _drain(seconds: float) -> int:
    until, handled = monotonic() + seconds, 0
    while (left := until - monotonic()) > 0:
        batches = list(open_batches())
        turn = left if len(batches) == 1 else min(left, SLICE_SECONDS)
        ended = sum(work(batch, seconds=turn) for batch in batches)
        if not ended:
            break
        handled += ended
    return handled
