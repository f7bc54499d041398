"""The rules for when to try again."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import OperationalError
from django.utils import timezone

from .. import codat

T = TypeVar("T")


def next_try(
    attempts: int, *, hint: float | None = None, first: float = 20, longest: float = 3600, now: datetime | None = None
) -> datetime:
    """When to try again after so many attempts (0: none before this one).

    hint     seconds that Codat asked us to wait; it wins
    first    seconds after the first failure, doubled each time, at most `longest`
    The wait is jittered by a fifth, so that what failed together does not come back together.
    """
    seconds = min(longest, first * 2 ** min(attempts, 16)) * random.uniform(0.8, 1.2)  # noqa: S311  no secret
    return (now or timezone.now()) + timedelta(seconds=hint if hint is not None else seconds)


def made_nothing(error: codat.CodatError, *, was_asked: bool) -> bool:
    """Whether a failed create proves that Codat has nothing of it, so that the next try need not look first.

    was_asked  an earlier try had no answer: "busy" or "still running" says nothing about that one
    """
    if isinstance(error, codat.Refused) and not error.transient:
        return True
    return isinstance(error, (codat.Refused, codat.Busy)) and not was_asked


def is_spent(error: codat.CodatError, *, was_asked: bool) -> bool:
    """Whether the idempotency key is used up, for Codat would replay this very answer for 90 minutes.

    A 409 to a key that was never sent before cannot mean "still running": it is an answer like any other.
    """
    return error.answered or (isinstance(error, codat.Refused) and not was_asked)


def once_more(work: Callable[[], T]) -> T:
    """Do what may be repeated; once more after a deadlock or a lock not given in time, for the other has ended then."""
    try:
        return work()
    except OperationalError:
        time.sleep(random.uniform(0.05, 0.5))  # noqa: S311  no secret
        return work()
