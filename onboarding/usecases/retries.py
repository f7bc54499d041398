"""The one rule for when to try again."""

import random
from datetime import datetime, timedelta

from django.utils import timezone


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
