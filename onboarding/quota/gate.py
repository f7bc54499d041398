"""The gate of every call to Codat."""

from threading import local
from time import monotonic, sleep

from django.utils import timezone

from .. import allowance, codat
from ..allowance import Errand, Hold
from . import quick
from .row import locked, rules

POLL_SECONDS = 0.05


class Gate:
    """Lets calls of one errand through, or raises Busy; implements `codat.Gate`.

    While nothing is unusual a call costs one statement before it and one after it (`quick`); whatever these
    do not cover is decided on the locked row.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self._thread = local()

    def before(self, operation: str) -> None:
        """Raises Busy with nothing sent; waits at most as long as the errand's manners say."""
        until = monotonic() + allowance.MANNERS[self.errand].patience
        while True:
            try:
                wait = self._admit()
                break
            except Hold as hold:
                if not hold.is_brief or monotonic() > until:
                    raise codat.Busy(operation, reason=hold.why, retry_after=hold.seconds) from None
            sleep(POLL_SECONDS)
        if wait:
            sleep(wait)

    def _admit(self) -> float:
        now = self._thread.began_at = timezone.now()
        if quick.admit(self.errand, rules(), now):
            return 0.0
        with locked() as row:
            now = self._thread.began_at = timezone.now()  # after the wait: never before the span that counts it
            return allowance.admit(row, self.errand, rules(), now)

    def after(
        self, operation: str, status_code: int | None, quota: codat.Quota | None, retry_after: float | None
    ) -> None:
        now = timezone.now()
        began_at = getattr(self._thread, "began_at", now)
        if quick.settle(status_code, quota, began_at, now):
            return
        with locked() as row:
            allowance.note_end(row, began_at)
            if status_code is None or status_code >= 500:
                allowance.note_silence(row, now)
            else:
                allowance.note_answer(row, operation, status_code, now)
            if quota:
                allowance.note_quota(row, quota, began_at, now)
            if status_code == 429:
                allowance.note_busy(row, retry_after, now, self.errand)
