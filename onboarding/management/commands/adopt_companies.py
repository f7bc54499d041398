"""Adopts companies that exist at Codat already."""

from argparse import ArgumentParser
from typing import Any

from onboarding import checks
from onboarding.codat import CodatError
from onboarding.errors import explain
from onboarding.management import acting
from onboarding.management.batches import FAILED, BatchCommand, refuse
from onboarding.models import BatchKind
from onboarding.usecases import adopting, bulk

EXAMPLE = """
Matches our companies that are not at Codat yet with those that are: by the tag that --tag names, whose value is our
customer ID, then by the name as Codat cleans it. What fits more than once is listed and left to people. Adopting adds
our own tag, keeps all others and never renames.

example:
  manage.py adopt_companies --tag customer-ref
  manage.py adopt_companies --tag customer-ref --apply --as olu@alderway.example
  manage.py adopt_companies --resume 1f3b7a8

Exit status: 0 all went well, 1 some are unclear or failed, 2 could not start, 130 stopped by Ctrl-C.
"""


class Command(BatchCommand):
    help = "Finds the companies at Codat that belong to customers of ours; adopts them with --apply."
    example = EXAMPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tag", default="", metavar="NAME", help="The tag whose value is our customer ID.")
        parser.add_argument("--apply", action="store_true", help="Adopt what matched; without it, only say so.")
        parser.add_argument("--dry-run", action="store_true", help="The same as without --apply.")
        parser.add_argument("--resume", metavar="BATCH", help="Go on with a batch.")
        self.add_running_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand()
        options["file"] = None
        by = acting.actor(options["on_behalf"])
        if options["resume"]:
            batch = self.resumed(options, BatchKind.ADOPT, by=by)
            self.run_batch(batch, options, by=by, result=self.result_path(options, batch))
            return
        with adopting.Matching(options["tag"]) as matching:
            self._read(matching)
            matches, unclear = self._tell_matches(matching)
            facts = {"matched": len(matches), "unclear": unclear, "known": matching.known, "listed": matching.listed}
            self.say(f"{len(matches):,} matched, {unclear:,} unclear{' (listed)' if unclear else ''}.")
        if not options["apply"] or options["dry_run"] or not matches:
            self.end(facts, FAILED if unclear else 0)
            return
        batch = bulk.accept_matches(matches, by=by, tag=options["tag"] or "name")
        self.run_batch(batch, options, by=by, result=self.result_path(options, batch))

    def _read(self, matching: adopting.Matching) -> None:
        try:
            matching.read()
        except CodatError as error:
            refuse(f"Codat's list could not be read to its end, so nothing was matched: {explain(error)} ({error})")
        self.say(f"{matching.listed:,} companies at Codat, {matching.known:,} of them known, {matching.pages:,} calls.")

    def _tell_matches(self, matching: adopting.Matching) -> tuple[list[adopting.Match], int]:
        matches, unclear = [], 0
        for told in matching.matches():
            if isinstance(told, adopting.Unclear):
                unclear += 1
                self.say(f"unclear: {told.sentence}")
                continue
            matches.append(told)
            self.say(f"{told.name} ({told.customer_id}) is {told.codat_name} at Codat, by {told.by}.")
        return matches, unclear
