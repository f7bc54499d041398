"""The gate of a process that makes many calls: it asks the shared row for a block of them at a time.

`quota.Gate` costs two transactions a call, which is more than the call itself when thousands follow each other.
Here the same rules are asked for up to sixteen calls in one transaction, and the answers of the earlier ones are
noted in it too. What concerns everybody (429, silence, a refused key) is noted at once, and ends the block.
"""

import os
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from socket import gethostname
from threading import Condition, get_ident
from time import monotonic, sleep
from uuid import uuid4

from django.utils import timezone

from .. import allowance, codat
from ..allowance import FREE_FOR_PEOPLE, Errand, Hold
from ..models import Heartbeat, Quota
from .row import locked, rules

SIZE = 16
SHARE = 8  # a block is at most this part of what is left before the reserve, which so stays whole
SHOWN_EVERY = timedelta(seconds=8)  # slow calls use a block up slowly: well within the silence of a dead process
POLL_SECONDS = 0.05
LOUD = (401, 402, 403, 429, 451)
REFUSALS = (401, 402, 403, 451)
REFUSED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """One call that is over, as `codat.Gate.after` is told of it."""

    operation: str
    status_code: int | None
    told: codat.Quota | None
    retry_after: float | None
    began_at: datetime

    @property
    def is_loud(self) -> bool:
        return self.status_code is None or self.status_code >= 500 or self.status_code in LOUD


class BlockGate:
    """Implements `codat.Gate` for the threads of one process. To be closed after the last call.

    The process keeps its places among the calls that run at once; each call takes one of the admitted starts.
    """

    def __init__(self, errand: Errand, threads: int) -> None:
        self._errand, self._threads = errand, threads
        self._turn = Condition()
        self._starts: deque[datetime] = deque()  # admitted calls, and when each may leave
        self._places, self._counted_at = 0, timezone.now()  # how many the shared row counts for us, since when
        self._running: dict[object, datetime] = {}  # by the thread that makes the call, or by a name for it
        self._ended: list[Ended] = []
        self._is_refused = False  # what concerns every call: whoever waits for a turn need not try
        self._sign = Sign()

    def before(self, operation: str) -> None:
        """Raises Busy with nothing sent; waits for the process's own calls, else at most as the manners say."""
        until = monotonic() + allowance.MANNERS[self._errand].patience
        with self._turn:
            while (leaves_at := self._begin(operation, until)) is None:
                self._turn.wait(POLL_SECONDS)
        if (wait := (leaves_at - timezone.now()).total_seconds()) > 0:
            sleep(wait)

    def begin_now(self, call: object) -> bool:
        """As `before`, for a call with a name, if one may leave at once and the shared row need not be asked first."""
        with self._turn:
            now = timezone.now()
            is_admitted = bool(self._starts) and self._starts[0] <= now and now - self._counted_at <= SHOWN_EVERY
            if self._is_refused or not is_admitted or len(self._running) >= self._places:
                return False
            self._starts.popleft()
            self._running[call] = now
            return True

    def _begin(self, operation: str, until: float) -> datetime | None:
        """When the call may leave; None if it has to wait for its turn."""
        if self._is_refused:
            raise codat.Busy(operation, reason="another call was refused", retry_after=REFUSED_SECONDS)
        if not self._starts or timezone.now() - self._counted_at > SHOWN_EVERY:
            hold = self._refill(SIZE - len(self._starts))
            if not self._starts:
                if hold is None or self._running or (hold.is_brief and monotonic() < until):
                    return None
                raise codat.Busy(operation, reason=hold.why, retry_after=hold.seconds)
        if len(self._running) >= self._places:
            return None
        self._running[get_ident()] = timezone.now()
        return self._starts.popleft()

    def after(
        self,
        operation: str,
        status_code: int | None,
        quota: codat.Quota | None,
        retry_after: float | None,
        call: object = None,
    ) -> None:
        with self._turn:
            began_at = self._running.pop(get_ident() if call is None else call)
            ended = Ended(operation, status_code, quota, retry_after, began_at)
            self._ended.append(ended)
            self._is_refused = self._is_refused or status_code in REFUSALS
            if ended.is_loud:
                self._refill(size=0)
            self._turn.notify_all()

    def close(self) -> None:
        """Note what is still to be noted, and give the places back."""
        with self._turn:
            self._threads = 0
            self._refill(size=0)
            self._sign.remove()

    def _refill(self, size: int = SIZE) -> Hold | None:
        """One transaction: note the calls that ended, and have more admitted. Returns why there are no more."""
        now, hold = timezone.now(), None
        with locked() as row:
            self._give_back(row, now)
            self._note(row, now)
            if size and self._is_crowded(row):
                for beat in self._sign.of_the_dead(now):
                    _end(row, *beat)
            for _ in range(min(size, self._room(row, now))):
                hold = self._admit(row, now)
                if hold:
                    break
            self._sign.show(self._places, now)
        return hold

    def _give_back(self, row: Quota, now: datetime) -> None:
        """Our places are counted anew in each transaction: those of the calls under way are kept."""
        allowance.begin_span(row, now)
        _end(row, self._places, self._counted_at)
        self._places, self._counted_at = len(self._running), now
        row.running += self._places

    def _note(self, row: Quota, now: datetime) -> None:
        for ended in self._ended:
            if ended.status_code is None or ended.status_code >= 500:
                allowance.note_silence(row, now)
            else:
                allowance.note_answer(row, ended.operation, ended.status_code, now)
        self._note_quota(row, now)
        for ended in self._ended:
            if ended.status_code == 429:
                allowance.note_busy(row, ended.retry_after, now, self._errand)
        if self._threads == 0 or any(ended.is_loud for ended in self._ended):
            self._give_up_starts(row)
        self._ended.clear()

    def _give_up_starts(self, row: Quota) -> None:
        """What was admitted and has not left is nobody's: it is there for others."""
        allowance.take_back(row, len(self._starts), rules())
        self._starts.clear()

    def _note_quota(self, row: Quota, now: datetime) -> None:
        """The lowest figure of all: answers come in any order, and the newest says least."""
        told = [ended.told for ended in self._ended if ended.told and ended.told.remaining is not None]
        if told:
            lowest = min(told, key=lambda quota: quota.remaining or 0)
            allowance.note_quota(row, lowest, max(ended.began_at for ended in self._ended), now)
            if row.remaining is not None:
                row.remaining = max(0, row.remaining - len(self._starts))

    def _room(self, row: Quota, now: datetime) -> int:
        """How many calls to ask for: one alone finds out what we may, and few are asked for near the reserve."""
        allowance.begin_day(row, now)
        if row.remaining is None:
            return 0 if self._running else 1
        kept = allowance.reserve_of(row, rules())
        return max(1, (row.remaining - kept) // SHARE)

    def _is_crowded(self, row: Quota) -> bool:
        return row.running + row.running_before >= allowance.at_once(row) - FREE_FOR_PEOPLE

    def _admit(self, row: Quota, now: datetime) -> Hold | None:
        """One more call: on a place of its own while there are some, else after another one of ours."""
        needs_place = self._places == 0 or (not self._is_crowded(row) and self._places < self._threads)
        if not needs_place:
            row.running -= 1
        try:
            wait = allowance.admit(row, self._errand, rules(), now)
        except Hold as hold:
            if not needs_place:
                row.running += 1
            return hold
        self._places += needs_place
        self._starts.append(now + timedelta(seconds=wait))
        return None


def _end(row: Quota, places: int, counted_at: datetime) -> None:
    for _ in range(places):
        allowance.note_end(row, counted_at)


class Sign:
    """A sign of life with the number of places that a process keeps: a killed one's are free again at once.

    Without it they would count until the span after the next, and the run that goes on would wait for minutes.
    """

    PREFIX = "calls of "
    SILENT_AFTER = timedelta(seconds=25)  # longer than any one call

    def __init__(self) -> None:
        self._host, self._pid = gethostname(), os.getpid()
        self._name = f"{self.PREFIX}{uuid4().hex[:20]}"

    def show(self, places: int, now: datetime) -> None:
        told = {"at": now, "detail": f"{places} {self._pid} {self._host}"[:200]}
        if not Heartbeat.objects.filter(name=self._name).update(**told):
            Heartbeat.objects.create(name=self._name, **told)

    def remove(self) -> None:
        Heartbeat.objects.filter(name=self._name).delete()

    def of_the_dead(self, now: datetime) -> list[tuple[int, datetime]]:
        """The places of processes that ended without a word, and since when they are counted; each is told once."""
        found = []
        for beat in Heartbeat.objects.filter(name__startswith=self.PREFIX).exclude(name=self._name):
            places, pid, host = beat.detail.split(" ", 2)
            is_dead = host == self._host and not _lives(int(pid))
            if is_dead or now - beat.at > self.SILENT_AFTER:
                found.append((int(places), beat.at))
                beat.delete()
        return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
