"""Exports companies: a list, or everything we hold of one."""

import csv
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from onboarding.actors import Actor
from onboarding.management import acting, choosing
from onboarding.management.batches import BatchCommand, refuse
from onboarding.models import Company
from onboarding.usecases import exporting, timeline
from onboarding.usecases.bulk.cells import escaped

EXAMPLE = """
With one --company it is everything we hold of it, as JSON; otherwise a list, one row for each company. In CSV a cell
that a spreadsheet would run as a formula begins with an apostrophe. Who exported how many stands in the audit.

example:
  manage.py export_companies --output companies.csv --as olu@alderway.example
  manage.py export_companies --format json --product expenses > expenses.json
  manage.py export_companies --company MSB-4821 --output for-the-customer.json

Exit status: 0 all went well, 2 could not start.
"""


class Command(BatchCommand):
    help = "Exports companies as CSV or JSON; with --company all that we hold of one."
    example = EXAMPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        choosing.add_arguments(parser)
        parser.add_argument("--format", choices=("csv", "json"), help="CSV, but JSON for a single company.")
        parser.add_argument("--output", metavar="PATH", help="A file that only its owner can read; else stdout.")
        parser.add_argument("--dry-run", action="store_true", help="Only count them.")
        parser.add_argument("--json", action="store_true", help="End with one line of JSON, with --output.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"] and not options["output"] and not options["dry_run"]:
            refuse("--json is the summary: it goes with --output.")
        by = acting.actor(options["on_behalf"])
        companies = choosing.chosen(options)
        if options["dry_run"]:
            count = companies.count()
            self.say(f"{count:,} companies would be exported.")
            self.end({"companies": count})
            return
        is_one = len(options["company"]) == 1 and options["format"] != "csv"
        one = companies.get() if is_one else None
        with self._opened(options["output"]) as out:
            if one:
                json.dump(exporting.everything(one), out, ensure_ascii=False, indent=2)
                out.write("\n")
                count = 1
            else:
                write = _write_json if options["format"] == "json" else _write_csv
                count = write(exporting.rows(companies), out)
        _note(by, one, count)
        if options["output"]:
            self.say(f"{count:,} companies in {options['output']}.")
            self.end({"companies": count, "output": options["output"]})

    @contextmanager
    def _opened(self, path: str | None) -> Iterator[IO[str]]:
        if path is None:
            yield getattr(self.stdout, "_out", sys.stdout)
            return
        try:
            with open(path, "w", encoding="utf-8", newline="", opener=_for_its_owner) as out:
                yield out
        except OSError as error:
            refuse(f"{path} cannot be written: {error.strerror}.")


def _note(by: Actor, one: Company | None, count: int) -> None:
    """That personal data left, and for whom, stands in the audit."""
    timeline.write("exported", company=one, by=by, facts={"n": count})


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_csv(rows: Iterator[dict[str, Any]], out: IO[str]) -> int:
    writer, count = csv.writer(out, lineterminator="\r\n"), 0
    writer.writerow(exporting.COLUMNS)
    for row in rows:
        writer.writerow([escaped("" if value is None else str(value)) for value in row.values()])
        count += 1
    return count


def _write_json(rows: Iterator[dict[str, Any]], out: IO[str]) -> int:
    count = 0
    out.write("[")
    for count, row in enumerate(rows, start=1):
        out.write(",\n" if count > 1 else "\n")
        json.dump(row, out, ensure_ascii=False)
    out.write("\n]\n")
    return count
