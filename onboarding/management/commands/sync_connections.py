"""Compares every connection with Codat, now."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management import CommandError
from django.utils import timezone
from tqdm import tqdm

from onboarding import checks
from onboarding.actors import Actor
from onboarding.codat import Busy, CodatError
from onboarding.errors import explain
from onboarding.management import acting, choosing
from onboarding.management.batches import FAILED, BatchCommand, refuse
from onboarding.models import Company
from onboarding.usecases import sync, timeline
from onboarding.usecases.sync.comparing import Change, Found

EXAMPLE = """
Reads Codat's whole list, a hundred companies in a request, and takes over what differs. Nothing is removed because a
list was cut short. What was compared is stored: run it again to go on.

example:
  manage.py sync_connections --dry-run
  manage.py sync_connections --as olu@alderway.example
  manage.py sync_connections --company MSB-4821 TST-3307 --json

Exit status: 0 all went well, 1 the list was not read to its end, 2 could not start.
"""
WORDS = {"Deleted": "deleted at Codat", "gone": "companies gone at Codat", "PendingAuth": "pending again"}


class Command(BatchCommand):
    help = "Compares our connections with Codat's, takes over what differs, and says what changed."
    example = EXAMPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", nargs="+", metavar="ID", help="Only these, by reference or customer ID.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        parser.add_argument("--json", action="store_true", help="End with JSON: every change; words go to stderr.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand()
        by = acting.actor(options["on_behalf"])
        chosen = _chosen(options["company"] or [])
        changes: list[Change] = []
        word = ""
        try:
            if chosen:
                changes.extend(_changes(sync.look_at(chosen, is_dry_run=options["dry_run"])))
            elif options["dry_run"]:
                changes.extend(_changes(sync.preview()))
            else:
                word = self._sweep(changes)
        except sync.AlreadyRunning:
            refuse("Another sweep is running; it does the same.")
        except CodatError as error:
            word = f"stopped: {_why(error)} What was compared is stored; run it again."
        is_whole = not word or word.startswith("whole")
        if not options["dry_run"]:
            _note(by, chosen, changes, is_whole=is_whole)
        self._say(changes)
        self.end(_summary(changes, is_whole=is_whole, is_dry=options["dry_run"]))
        if not is_whole:
            raise CommandError(f"The list was not read to its end ({word}).", returncode=FAILED)

    def _sweep(self, changes: list[Change]) -> str:
        with tqdm(unit=" companies", disable=None) as progress:

            def tell(found: Found) -> None:
                changes.extend(found.changes)
                progress.update(found.listed)

            return sync.run(tell=tell)

    def _say(self, changes: list[Change]) -> None:
        parts = ", ".join(f"{count:,} {word}" for word, count in _counts(changes).most_common())
        self.say(f"{len(changes):,} changed: {parts}" if changes else "0 changed")


def _why(error: CodatError) -> str:
    """For whoever runs this; of Codat's limits `explain` speaks to customers."""
    if not isinstance(error, Busy):
        return str(explain(error))
    at = timezone.now() + timedelta(seconds=error.retry_after or 0)  # UTC
    return f"Codat takes no further request{f' before {at:%H:%M} UTC' if error.retry_after else ''}."


def _counts(changes: list[Change]) -> Counter[str]:
    return Counter(WORDS.get(change.after, change.after.lower()) for change in changes)


def _summary(changes: list[Change], *, is_whole: bool, is_dry: bool) -> dict[str, Any]:
    listed = [change._asdict() for change in changes]
    return {"changed": len(changes), **_counts(changes), "whole": is_whole, "dry_run": is_dry, "changes": listed}


def _note(by: Actor, chosen: list[Company], changes: list[Change], *, is_whole: bool) -> None:
    """Who had this compared stands in the audit; each change stands in its company's own timeline."""
    refs = [company.ref for company in chosen]
    timeline.write("synced", company=None, by=by, facts={"companies": refs, "n": len(changes), "whole": is_whole})


def _changes(founds: Iterator[Found]) -> Iterator[Change]:
    for found in founds:
        yield from found.changes


def _chosen(names: list[str]) -> list[Company]:
    chosen = [choosing.find(name) for name in names]
    for company in chosen:
        if company.codat_id is None or company.gone_at:
            refuse(f"{company} is not at Codat.")
    return chosen
