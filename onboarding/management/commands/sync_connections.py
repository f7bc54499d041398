"""Compares every connection with Codat, now."""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from tqdm import tqdm

from onboarding.codat import CodatError
from onboarding.errors import explain
from onboarding.models import Company
from onboarding.usecases import sync
from onboarding.usecases.sync.comparing import Change, Found

WORDS = {"Deleted": "deleted at Codat", "gone": "companies gone at Codat", "PendingAuth": "pending again"}


class Command(BaseCommand):
    help = "Compares our connections with Codat's, takes over what differs, and says what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", nargs="+", metavar="REF", help="Only these, by reference or customer ID.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        parser.add_argument("--json", action="store_true", help="For machines: every change.")

    def handle(self, *args: Any, **options: Any) -> None:
        changes: list[Change] = []
        word = ""
        try:
            if options["company"]:
                changes = _changes(sync.look_at(_chosen(options["company"]), is_dry_run=options["dry_run"]))
            elif options["dry_run"]:
                changes = _changes(sync.preview())
            else:
                word = self._sweep(changes)
        except sync.AlreadyRunning:
            raise CommandError("Another sweep is running; it does the same.") from None
        except CodatError as error:
            self._say(changes, options["json"])
            raise CommandError(f"Stopped: {explain(error)} What was compared is stored; run it again.") from error
        self._say(changes, options["json"])
        if word and not word.startswith("whole"):
            raise CommandError(f"The list was not read to its end ({word}).")

    def _sweep(self, changes: list[Change]) -> str:
        with tqdm(unit=" companies", disable=None) as progress:

            def tell(found: Found) -> None:
                changes.extend(found.changes)
                progress.update(found.listed)

            return sync.run(tell=tell)

    def _say(self, changes: list[Change], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([change._asdict() for change in changes], indent=2))
            return
        counts = Counter(WORDS.get(change.after, change.after.lower()) for change in changes)
        parts = ", ".join(f"{count} {word}" for word, count in counts.most_common())
        self.stdout.write(f"{len(changes)} changed: {parts}" if changes else "0 changed")


def _changes(founds: Iterator[Found]) -> list[Change]:
    return [change for found in founds for change in found.changes]


def _chosen(refs: list[str]) -> list[Company]:
    chosen = []
    for ref in refs:
        company = Company.objects.filter(ref=ref.upper()).first() or Company.objects.filter(customer_id=ref).first()
        if company is None:
            raise CommandError(f"There is no company {ref}.")
        if company.codat_id is None or company.gone_at:
            raise CommandError(f"{company} is not at Codat.")
        chosen.append(company)
    return chosen
