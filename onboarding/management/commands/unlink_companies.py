"""Unlinks companies: gives up our access to their accounting software."""

from argparse import ArgumentParser
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from onboarding.lifecycle import Status
from onboarding.management.batches import refuse
from onboarding.management.chosen import ChosenCommand
from onboarding.models import BatchKind, Company, Connection, Kind

EXAMPLE = """
The file names the companies in a column customer_id, reference or codat_id. Unlinking gives up our access to their
accounting software at Codat; they are told by mail, and can reconnect.

example:
  manage.py unlink_companies leaving.csv --reason "Contract ended, ticket 4711" --dry-run
  manage.py unlink_companies leaving.csv --reason "Contract ended, ticket 4711" --as olu@alderway.example

Run again, with the same file and reason or with --resume, to finish the rest.
Exit status: 0 all went well, 1 some rows failed, 2 could not start, 130 stopped by Ctrl-C.
"""


class Command(ChosenCommand):
    help = "Unlinks the companies of a CSV file, with a reason that stands in their timelines."
    example = EXAMPLE
    kind = BatchKind.UNLINK

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="Why: it stands in each company's timeline.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["reason"] and not options["resume"]:
            refuse("Say why: --reason.")
        super().handle(*args, **options)

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"why": options["reason"]}

    def foresee(self, companies: QuerySet[Company]) -> dict[str, int]:
        linked = Connection.objects.filter(company=OuterRef("pk"), kind=Kind.ACCOUNTING, status=Status.LINKED)
        count = companies.filter(Exists(linked)).count()
        return {"would be unlinked": count, "not connected": companies.count() - count}
