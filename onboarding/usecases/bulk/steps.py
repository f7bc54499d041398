"""What a kind of batch is made of: steps for the threads, and a job that hands them out and takes them in."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import DatabaseError, InterfaceError

from ...models import BatchRow
from . import outcomes
from .outcomes import Outcome

log = logging.getLogger(__name__)

SURPRISES = 3  # tries of a row that fails in a way that nobody foresaw


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do in a thread, for one row or for several. Its result or its error goes to `Job.end`."""

    rows: Sequence[BatchRow]
    call: Callable[[], Any]
    kind: str = ""


Finished = tuple[Step, Any]  # the result, or the exception
Outcomes = list[tuple[BatchRow, Outcome]]


class Job(Protocol):
    """What a kind of batch does with its rows. All but a step's `call` runs in the one thread that owns the job."""

    def begin(self, rows: list[BatchRow]) -> tuple[Outcomes, list[Step]]:
        """Prepare claimed rows: those that have ended already, and what is to be done for the others."""

    def end(self, finished: list[Finished]) -> tuple[Outcomes, list[Step]]:
        """Take in what steps brought: rows that have ended, and what is to be done next for the others."""

    def renew(self) -> None:
        """Renew whatever the job holds besides the rows."""

    def release(self, steps: Sequence[Step]) -> None:
        """These were not begun, and will not be now."""


def outcome_of(error: Exception, row: BatchRow) -> Outcome:
    """As `outcomes.of`; and one row that fails as nobody foresaw costs no other row anything.

    Raises the database's errors: they concern everything.
    """
    try:
        return outcomes.of(error, row.attempts)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as surprise:
        log.exception("a row failed unexpectedly", extra={"batch": row.batch_id, "line": row.line})
        if row.attempts < SURPRISES:
            return outcomes.again(outcomes.FIRST_WAIT_SECONDS)
        return outcomes.failed(f"Something unexpected went wrong ({type(surprise).__name__}): see the log.")
