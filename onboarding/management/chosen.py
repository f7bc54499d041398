"""What the commands share that act on companies we have: chosen by a file, by name or by what they are."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from onboarding import checks
from onboarding.actors import Actor
from onboarding.models import Batch, BatchKind, Company
from onboarding.usecases import bulk

from . import acting, choosing
from .batches import FAILED, BatchCommand, refuse
from .files import opened


class ChosenCommand(BatchCommand):
    """Does one kind of batch for the chosen companies. A dry run counts what would become of them."""

    kind: BatchKind
    needs_person = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="Names them: customer_id, reference or codat_id; - for stdin.")
        parser.add_argument("--resume", metavar="BATCH", help="Go on with a batch.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done; no network.")
        choosing.add_arguments(parser)
        self.add_running_arguments(parser)

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        """What is stored with the batch."""
        return {}

    def reason_of(self, options: dict[str, Any]) -> str:
        return options.get("reason") or ""

    def default(self, companies: QuerySet[Company]) -> QuerySet[Company]:
        """Which of the companies that the filters leave."""
        return companies

    def foresee(self, companies: QuerySet[Company]) -> dict[str, int]:
        """What would become of them: how many, by words."""
        raise NotImplementedError

    def foretell(self, counts: Mapping[str, int], options: dict[str, Any]) -> None:
        """What a dry run says besides the counts."""

    def handle(self, *args: Any, **options: Any) -> None:
        ways = [bool(options["file"]), bool(options["resume"]), choosing.is_any(options) or bool(options.get("all"))]
        if sum(ways) != 1:
            refuse("Say which companies: a file, --resume with a batch, or filters such as --company.")
        if options["dry_run"]:
            self._look(options)
            return
        checks.demand()
        by = acting.actor(options["on_behalf"], reason=self.reason_of(options), required=self.needs_person)
        batch = self._batch(options, by)
        self.run_batch(batch, options, by=by, result=self.result_path(options, batch))

    def _batch(self, options: dict[str, Any], by: Actor) -> Batch:
        if options["resume"]:
            return self.resumed(options, self.kind, by=by)
        asked = self.options_of(options)
        if not options["file"]:
            chosen = self.default(choosing.chosen(options))
            return bulk.accept_companies(self.kind, chosen, by=by, options=asked, name=self.reason_of(options))
        name = Path(options["file"]).name
        with opened(options["file"]) as stream:
            return bulk.accept_list(stream, self.kind, by=by, name=name, options=asked, tell=self.tell)

    def _look(self, options: dict[str, Any]) -> None:
        counts: Counter[str] = Counter()
        faults = 0
        for companies, wrong in self._pages(options):
            counts.update(self.foresee(companies))
            faults += wrong
        said = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count) or "Nothing to do"
        self.say(f"{said}, {faults:,} error{'' if faults == 1 else 's'}." if faults else f"{said}.")
        self.foretell(counts, options)
        self.end({**counts, "errors": faults}, FAILED if faults else 0)

    def _pages(self, options: dict[str, Any]) -> Iterator[tuple[QuerySet[Company], int]]:
        """The companies, and how many rows name none."""
        if options["resume"]:
            refuse("A dry run takes a file or filters.")
        if not options["file"]:
            yield self.default(choosing.chosen(options)), 0
            return
        with opened(options["file"]) as stream:
            for rows in bulk.check_list(stream, tell=self.tell):
                pks = [row.company_id for row in rows if row.company_id]
                yield Company.objects.filter(pk__in=pks), len(rows) - len(pks)
