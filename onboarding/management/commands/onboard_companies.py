"""Onboards the companies of a file: once each, however often it is run."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onboarding import checks
from onboarding.forms import clean_row
from onboarding.management import acting
from onboarding.management.batches import FAILED, BatchCommand, refuse
from onboarding.management.files import opened
from onboarding.models import BatchKind
from onboarding.usecases import bulk
from onboarding.usecases.bulk import planning

EXAMPLE = """
columns: customer_id, name, email, product; optional platform, language, contact, country, time_zone, tag:...
  product   bill_pay_async, bill_pay_sync or expenses
  platform  a key or slug, such as gbol or xero
  country   two letters; language: en or fr

example:
  manage.py onboard_companies new.csv --dry-run
  manage.py onboard_companies new.csv --plan
  manage.py onboard_companies new.csv --invite --per-day 200 --weekdays --as olu@alderway.example

The result, new.result.csv, is the input with status, reason, reference, codat_id and invitation_url. A cell that a
spreadsheet would run as a formula begins with an apostrophe there; reading the file again takes it off.
Run again, with the same file or --resume, to finish the rest: no company is made twice.
Exit status: 0 all went well, 1 some rows failed, 2 could not start, 130 stopped by Ctrl-C.
"""


class Command(BatchCommand):
    help = "Onboards the companies of a CSV file (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252)."
    example = EXAMPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="The file; - for standard input.")
        parser.add_argument("--resume", metavar="BATCH", help="Go on with a batch, without its file.")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--dry-run", action="store_true", help="Say what is wrong with the file; no network.")
        only.add_argument("--plan", action="store_true", help="Say how many requests it takes, and until when.")
        parser.add_argument("--link", action="store_true", help="Also create the connection of rows with a platform.")
        parser.add_argument("--invite", action="store_true", help="Also send invitations.")
        self.add_wave_arguments(parser)
        self.add_running_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["file"]) == bool(options["resume"]):
            refuse("Give a file, or --resume with a batch.")
        if (options["per_day"] or options["weekdays"]) and not options["invite"]:
            refuse("--per-day and --weekdays say how to --invite.")
        if options["resume"]:
            self._resume(options)
        elif options["dry_run"] or options["plan"]:
            self._look(options)
        else:
            self._onboard(options)

    def _look(self, options: dict[str, Any]) -> None:
        tell = self.tell if options["dry_run"] else None
        with opened(options["file"]) as stream:
            report = bulk.check_file(stream, clean=clean_row, tell=tell)
        self._say_columns(report.columns.unknown, report.encoding, report.delimiter)
        self.say(verdict(report))
        facts: dict[str, Any] = {
            name: getattr(report, name) for name in ("rows", "ready", "already", "duplicates", "errors")
        }
        self.foretell_waves(report.ready, options)
        if options["plan"]:
            plan = planning.plan(report.to_create + (report.to_link if options["link"] else 0))
            self.say(str(plan))
            facts |= {"requests": plan.requests, "days": plan.days, "ends_at": plan.ends_at, "unknown": plan.unknown}
        self.end(facts, 0 if report.is_clean else FAILED)

    def _onboard(self, options: dict[str, Any]) -> None:
        checks.demand()
        by = acting.actor(options["on_behalf"])
        asked = {name: options[name] for name in bulk.OPTIONS}
        name = Path(options["file"]).name if options["file"] != "-" else "standard input"
        with opened(options["file"]) as stream:
            batch = bulk.accept_file(stream, clean=clean_row, by=by, name=name, options=asked, tell=self.tell)
        self._say_columns(batch.options["ignored"], batch.options["encoding"], batch.options["delimiter"])
        self.say(f"Batch {batch.uid}: {batch.name}.")
        self.run_batch(batch, options, by=by, result=self.result_path(options, batch))

    def _resume(self, options: dict[str, Any]) -> None:
        by = acting.actor(options["on_behalf"])
        batch = self.resumed(options, BatchKind.ONBOARD, by=by)
        self.run_batch(batch, options, by=by, result=self.result_path(options, batch))

    def _say_columns(self, ignored: Sequence[str], encoding: str, delimiter: str) -> None:
        if ignored:
            self.say(f"Ignored columns: {', '.join(ignored)}.")
        self.say(f"Read as {encoding}, separated by {bulk.DELIMITERS[delimiter]}.")


def verdict(report: bulk.Report) -> str:
    """4,962 ready, 21 duplicates of earlier rows (lines 7, 12, ...), 17 errors (lines 88, 1043, ...)."""
    said = [f"{report.ready:,} ready"]
    if report.already:
        said.append(f"{report.already:,} onboarded already")
    duplicates = "duplicate of an earlier row" if report.duplicates == 1 else "duplicates of earlier rows"
    said.append(f"{report.duplicates:,} {duplicates}{_lines(report.duplicate_lines, report.duplicates)}")
    errors = "error" if report.errors == 1 else "errors"
    said.append(f"{report.errors:,} {errors}{_lines(report.error_lines, report.errors)}")
    return f"{', '.join(said)}."


def _lines(numbers: list[int], count: int) -> str:
    if not numbers:
        return ""
    more = ", ..." if count > len(numbers) else ""
    return f" ({'line' if count == 1 else 'lines'} {', '.join(str(number) for number in numbers)}{more})"
