"""Off-boards companies: unlink, wait for a second person, delete at Codat, erase what we keep, certify."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from onboarding.actors import Actor
from onboarding.management.batches import refuse
from onboarding.management.chosen import ChosenCommand
from onboarding.models import Batch, BatchKind, Company
from onboarding.usecases import offboarding
from onboarding.usecases.links import absolute

EXAMPLE = """
First every company is unlinked, and its deletion is asked for. A second person confirms in the admin; then the run
goes on by itself: each company is deleted at Codat, and what we keep of it is erased but for a stub of the audit.
What was done to whom stands in the certificate, offboarded-....txt; the batch's page in the admin has it too.
Nothing of this can be undone.

example:
  manage.py offboard_companies leaving.csv --reason "Contract ended, ticket 4711" --dry-run
  manage.py offboard_companies leaving.csv --reason "Contract ended, ticket 4711" --as olu@alderway.example
  manage.py offboard_companies --resume 1f3b7a8

Run again, with the same file and reason or with --resume, to finish the rest.
Exit status: 0 all went well, 1 some rows failed, 2 could not start, 130 stopped by Ctrl-C.
"""


class Command(ChosenCommand):
    help = "Off-boards companies; deleting waits until a second person confirms it in the admin."
    example = EXAMPLE
    kind = BatchKind.OFFBOARD
    needs_person = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="Why: it stands in the request and in the certificate.")
        parser.add_argument("--wait-days", type=float, default=0, metavar="N", help="Between unlinking and deleting.")
        parser.add_argument("--certificate", metavar="PATH", help="Where the certificate goes.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["reason"] and not options["resume"]:
            refuse("Say why: --reason.")
        super().handle(*args, **options)

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"why": options["reason"], "wait_days": options["wait_days"]}

    def foresee(self, companies: QuerySet[Company]) -> dict[str, int]:
        at_codat = companies.filter(codat_id__isnull=False, gone_at=None).count()
        return {"would be deleted at Codat and erased here": at_codat, "erased here": companies.count() - at_codat}

    def run_batch(self, batch: Batch, options: dict[str, Any], *, by: Actor, result: Path | None) -> None:
        self.certificate = Path(options["certificate"] or f"offboarded-{batch.uid.hex[:8]}.txt")
        self.say(
            "Unlinked companies wait for a second person: "
            f"{absolute(reverse('admin:deletion_confirm_batch', args=[batch.pk]))}"
        )
        super().run_batch(batch, options, by=by, result=result)

    def is_worth_waiting(self, batch: Batch) -> bool:
        """Nobody sits and waits for a person: what is left goes on with the worker, or with --resume."""
        return not offboarding.only_waits(batch)

    def before_the_end(self, batch: Batch) -> dict[str, Any]:
        counts = offboarding.counts(batch)
        waiting = offboarding.waiting_for_somebody(batch).count()
        self.say(f"{counts['unlinked'] + counts['asked'] + counts['erased']:,} unlinked, {counts['erased']:,} erased.")
        if waiting:
            self.say(f"{waiting:,} wait for a second person; then the worker goes on, or: --resume {batch.uid}")
        self.certificate.write_text("\n".join([*offboarding.certificate(batch), ""]), encoding="utf-8")
        self.say(f"Certificate: {self.certificate}")
        if waiting:
            page = absolute(reverse("admin:onboarding_batch_change", args=[batch.pk]))
            self.say(f"It says what is done until now; the page of the batch always has the newest: {page}")
        return {**counts, "waiting_for_second_person": waiting, "certificate": str(self.certificate)}
