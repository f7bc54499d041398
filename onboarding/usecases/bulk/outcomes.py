"""What can become of one row, and which failures are the row's, the moment's, or the whole batch's."""

from dataclasses import dataclass, field
from typing import Any

from ... import codat
from ...errors import CompanyErased, ConnectionGone, OnboardingError, StillWorking, TooManyTries, TooSoon, explain
from ...models import RowStatus

TRIES = 8  # over about ten minutes; while Codat is away altogether the batch waits and no try is counted
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 300.0
BRIEF_SECONDS = 5.0  # a shorter pause is sat out; a longer one is the batch's, and no process waits for it

# What concerns every row: the batch stops at the first of these and keeps its place.
HALTS = {
    401: "Codat refused our API key (401). Check CODAT_API_KEY, then run again.",
    402: "Our account at Codat is over a limit of its plan (402). Have it raised, then run again.",
    403: "Codat does not allow our account to do this (403). Ask Codat, then run again.",
    451: "Codat has blocked this for legal reasons (451). Ask Codat, then run again.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. With WAITING it comes again.

    wait_seconds   until it is due again
    is_counted     whether the try counts against the row
    pause_seconds  nothing of the batch should be tried for so long
    halt           why the whole batch stops
    facts          to be kept with the row
    """

    status: RowStatus
    reason: str = ""
    wait_seconds: float = 0.0
    is_counted: bool = True
    pause_seconds: float = 0.0
    halt: str = ""
    company_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def done(reason: str, **more: Any) -> Outcome:
    return Outcome(RowStatus.DONE, reason, **more)


def skipped(reason: str, **more: Any) -> Outcome:
    return Outcome(RowStatus.SKIPPED, reason, **more)


def failed(reason: str, **more: Any) -> Outcome:
    return Outcome(RowStatus.FAILED, reason, **more)


def again(wait_seconds: float, reason: str = "", **more: Any) -> Outcome:
    return Outcome(RowStatus.WAITING, reason, wait_seconds=wait_seconds, **more)


RELEASED = Outcome(RowStatus.WAITING, is_counted=False)


def of(error: Exception, attempts: int) -> Outcome:
    """What an exception means for its row, or for all. Raises it again if it is none that we expect of one row.

    attempts  how often the row was tried, this time included
    """
    match error:
        case codat.Busy():
            pause = error.retry_after if error.retry_after is not None else 10.0
            return Outcome(RowStatus.WAITING, wait_seconds=0.0, is_counted=False, pause_seconds=pause)
        case codat.Refused() if error.code in HALTS:
            return Outcome(RowStatus.WAITING, is_counted=False, halt=HALTS[error.code])
        case codat.Unreachable() | codat.Garbled() | codat.Refused(transient=True):
            return _later(error, attempts)
        case codat.Refused(code=422, operation="create_company") if attempts < TRIES:
            return again(FIRST_WAIT_SECONDS, str(error))  # the key was used for something else: look, then a new one
        case codat.Refused():
            said = f" Codat said: {error.message}" if error.message else ""
            return failed(f"Codat did not accept this ({error.code}).{said}")
        case StillWorking() | ConnectionGone():
            return again(2.0) if attempts < TRIES else failed(str(explain(error)))
        case TooSoon(seconds=seconds):
            return again(float(seconds), is_counted=False)
        case TooManyTries(minutes=minutes):
            return again(60.0 * minutes, is_counted=False)
        case CompanyErased():
            return skipped("This company was erased.")
        case OnboardingError():
            return failed(str(explain(error)))
    raise error


def concerns_all(told: object) -> bool:
    """Whether a step's result is an error after which none of the others is worth beginning."""
    if isinstance(told, codat.Busy):
        return told.retry_after is None or told.retry_after > BRIEF_SECONDS
    return isinstance(told, codat.Refused) and told.code in HALTS


def _later(error: codat.CodatError, attempts: int) -> Outcome:
    if attempts >= TRIES:
        return failed(f"Codat gave no usable answer in {attempts} tries ({error}). Run again later.")
    wait = error.retry_after or min(FIRST_WAIT_SECONDS * 2 ** (attempts - 1), LONGEST_WAIT_SECONDS)
    return again(wait, str(error))
