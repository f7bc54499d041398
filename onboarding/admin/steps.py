"""The six steps of onboarding in a strip: when each happened, how long after the one before, by whom."""

from dataclasses import dataclass
from datetime import datetime

from ..models import Company
from ..platforms import name_of
from ..states import State
from ..usecases.reads import progress_of
from . import words
from .company_filters import STEPS
from .desk import Desk

NAMES = ("Invited", "Signed in", "Platform picked", "At Link", "Linked", "First read done")


@dataclass(frozen=True, slots=True)
class Step:
    """kind: ok (done), warn (done, and no longer true), off (not yet)."""

    name: str
    kind: str
    icon: str
    at: datetime | None
    note: str


def of(desk: Desk) -> list[Step]:
    times: list[datetime | None] = [getattr(desk.company, field) for field in STEPS]
    made = []
    for place, (name, at) in enumerate(zip(NAMES, times, strict=True)):
        before = next((earlier for earlier in reversed(times[:place]) if earlier), None)
        after = f"after {words.span(at - before)}" if at and before and at >= before else ""
        made.append(_step(desk, place, name, at, after))
    return made


def _step(desk: Desk, place: int, name: str, at: datetime | None, after: str) -> Step:
    if at is None:
        return Step(name, "off", "circle", None, "Not yet")
    note = NOTES[place](desk, desk.company, after)
    if STEPS[place] == "linked_at" and desk.state in (State.EXPIRED, State.UNLINKED):
        ended = "expired" if desk.state == State.EXPIRED else "disconnected"
        return Step(name, "warn", "triangle", at, f"{ended} {words.when(desk.company.state_since)}")
    return Step(name, "ok", "check", at, note)


def _invited(desk: Desk, company: Company, after: str) -> str:
    return f"by {company.invited_by}" if company.invited_by else ""


def _picked(desk: Desk, company: Company, after: str) -> str:
    return ", ".join(part for part in (name_of(company.platform_key) if company.platform_key else "", after) if part)


def _at_link(desk: Desk, company: Company, after: str) -> str:
    failures = desk.current.failures if desk.current else 0
    return f"{after}; {failures} failed" if failures else after


def _read(desk: Desk, company: Company, after: str) -> str:
    """How many data types were ever read; what failed since then stands in the data table."""
    if desk.current is None or desk.current.first_read_at is None:
        return after
    read = [told for told in desk.current.reads.values() if told.get("done_at")]
    done = f"{len(read)} of {progress_of(desk.current)[1]}"
    return f"{done}, {after}" if after else done


NOTES = (_invited, lambda desk, company, after: after, _picked, _at_link, lambda desk, company, after: after, _read)
