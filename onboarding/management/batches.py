"""What the commands share that work on many companies: running a batch, its result file, its summary, exit statuses.

0  everything went well          1  some rows failed, or the run was stopped by an error
2  it could not start            130  stopped by Ctrl-C; run again to continue
"""

import csv
import json
import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from onboarding import checks, tasks
from onboarding.actors import Actor
from onboarding.errors import OnboardingError, explain
from onboarding.models import Batch, BatchKind, Heartbeat
from onboarding.nudge import nudge
from onboarding.usecases import bulk
from onboarding.usecases.bulk import waves

from . import acting, watching

FAILED, NOT_STARTED, INTERRUPTED, CUT_OFF = 1, 2, 130, 141
IDLE_SECONDS = 0.5
SHOWN_WAVES = 10
WATCH_SECONDS = 1.0
WORKER_SILENT_AFTER = timedelta(seconds=60)


@contextmanager
def _without_a_line_for_each_call(is_quiet: bool) -> Iterator[None]:
    """Thousands of calls from here would drown what the command says; their log is as before afterwards."""
    log = logging.getLogger("onboarding.codat")
    before = log.level
    log.setLevel(logging.ERROR if is_quiet else before)
    try:
        yield
    finally:
        log.setLevel(before)


class BatchCommand(BaseCommand):
    """A command whose work is a batch. `example` ends its help text."""

    requires_system_checks = []  # a dry run needs no settings; a run asks `checks.demand`
    example = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs.setdefault("formatter_class", RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, epilog=self.example, **kwargs)

    def add_running_arguments(self, parser: ArgumentParser) -> None:
        acting.add_arguments(parser)
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--inline", action="store_true", help="Do the work in this process, without a worker.")
        how.add_argument("--detach", action="store_true", help="Leave the work to the worker, and return at once.")
        parser.add_argument("--json", action="store_true", help="End with one line of JSON; words go to stderr.")
        parser.add_argument("--result", metavar="PATH", help="Where the result file goes.")

    def add_wave_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--per-day", type=_positive, metavar="N", help="At most so many invitations a day.")
        parser.add_argument("--weekdays", action="store_true", help="From Monday to Friday only, where they live.")

    def tell(self, finding: bulk.Finding) -> None:
        self.say(f"line {finding.line}: {finding.sentence}")

    def result_path(self, options: dict[str, Any], batch: Batch) -> Path:
        """Beside the input, as new.result.csv; else in this folder, by the batch's number."""
        if options["result"]:
            return Path(options["result"])
        if options["file"] and options["file"] != "-":
            return Path(options["file"]).with_suffix(".result.csv")
        return Path(f"{batch.kind}-{batch.uid.hex[:8]}.result.csv")

    def resumed(self, options: dict[str, Any], *kinds: BatchKind, by: Actor) -> Batch:
        """The batch of --resume, going on: what failed is tried again. Raises CommandError (2)."""
        batch = find(options["resume"], *kinds)
        try:
            bulk.resume(batch, by=by, failed=True)
        except OnboardingError as error:
            refuse(str(explain(error)))
        if bulk.state(batch) == "storing":
            nudge(tasks.read_uploads)
            refuse("The worker stores the rows of its file: see its page in the admin, and run this again afterwards.")
        return batch

    def say(self, text: str) -> None:
        """For people: on stdout, or on stderr if that is kept for JSON."""
        (self.stderr if self.is_json else self.stdout).write(text, lambda words: words)

    is_json = False
    has_begun = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.is_json = bool(options.get("json"))
        try:
            return super().execute(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=NOT_STARTED) from None
        except BrokenPipeError:
            pass  # outside of here nothing holds on to the error, nor it to a query under way
        except DatabaseError as error:
            words = str(error).strip().splitlines() or [type(error).__name__]
            said = f"The database refused: {words[0]}. Nothing is lost: run again to continue."
            raise CommandError(said, returncode=FAILED if self.has_begun else NOT_STARTED) from error
        _leave_reader_alone()

    def end(self, summary: dict[str, Any], status: int = 0) -> None:
        """The last words, in JSON if that was asked for; and the exit status."""
        if self.is_json:
            self.stdout.write(json.dumps(summary, default=_plain, ensure_ascii=False))
        if status:
            sys.exit(status)

    def run_batch(self, batch: Batch, options: dict[str, Any], *, by: Actor, result: Path | None) -> None:
        """Work on the batch or watch the worker do it; write its result file; say how it ended."""
        checks.demand()
        self.has_begun = True
        stopped = watching.Stopped()
        if options["detach"]:
            nudge(tasks.drain_batches)
            self.say(f"Batch {batch.uid} is left to the worker. See how far it is: --resume {batch.uid}")
            self.end(summary(batch, None))
            return
        out = self.stderr if self.is_json else self.stdout
        out.style_func = None
        is_quiet = options["inline"] and options["verbosity"] < 2
        with stopped.listening(), watching.told(batch, out), _without_a_line_for_each_call(is_quiet):
            (self._work if options["inline"] else self._watch)(batch, stopped)
        if stopped():
            bulk.stop(batch, by=by)
        self._conclude(batch, result, was_interrupted=stopped())

    def _work(self, batch: Batch, stopped: watching.Stopped) -> None:
        while not stopped() and bulk.state(batch) in ("running", "paused"):
            if not bulk.work(batch, seconds=60.0, is_stopped=stopped):
                if not self.is_worth_waiting(batch):
                    return
                stopped.wait(IDLE_SECONDS)

    def _watch(self, batch: Batch, stopped: watching.Stopped) -> None:
        nudge(tasks.drain_batches)
        beat = Heartbeat.objects.filter(name="worker").first()
        if beat is None or timezone.now() - beat.at > WORKER_SILENT_AFTER:
            self.say("No worker shows itself: start one, or run again with --inline. Waiting for one meanwhile.")
        while not stopped() and bulk.state(batch) in ("running", "paused") and self.is_worth_waiting(batch):
            stopped.wait(WATCH_SECONDS)

    def is_worth_waiting(self, batch: Batch) -> bool:
        """Whether what is left of the batch will go on within minutes or hours, so that the command stays."""
        return True

    def before_the_end(self, batch: Batch) -> dict[str, Any]:
        """What a kind of batch has to say besides; more facts for the summary."""
        given = waves.given_out(batch)
        for wave, count in given[:SHOWN_WAVES]:
            mails = f"{count:,} mail{'' if count == 1 else 's'}"
            self.say(f"Wave {wave.number:,} of {len(given):,}: {mails} on {wave.day:%A %-d %B %Y}.")
        if len(given) > SHOWN_WAVES:
            self.say(f"... and the last on {given[-1][0].day:%A %-d %B %Y}.")
        return {"waves": len(given)} if given else {}

    def foretell_waves(self, count: int, options: dict[str, Any]) -> None:
        """In a dry run: when the last of so many mails would leave."""
        last = waves.foreseen(count, options["per_day"], weekdays=options["weekdays"])
        if last:
            words = f"{last.number:,} wave{'' if last.number == 1 else 's'}"
            self.say(f"{count:,} mails in {words}, the last on {last.day:%A %-d %B %Y}.")

    def _conclude(self, batch: Batch, result: Path | None, *, was_interrupted: bool) -> None:
        told = bulk.progress(batch)
        self.say(watching.line(told))
        if result is not None and told.total:
            write_result(batch, result)
            self.say(f"Result: {result}")
        more = self.before_the_end(batch)
        self.say(closing(batch, told))
        status = FAILED if told.failed or told.error else 0
        self.end({**summary(batch, result), **more}, INTERRUPTED if was_interrupted and told.waiting else status)


def closing(batch: Batch, told: bulk.Progress) -> str:
    """How a run ended, in a sentence."""
    if told.error:
        return f"Stopped after row {told.ended:,}: {told.error}"
    if told.state == "stopped":
        return f"Stopped after row {told.ended:,}. Run again to continue, or: --resume {batch.uid}"
    done, already = bulk.words_of(batch)
    waiting = f", {told.waiting:,} waiting" if told.waiting else ""
    return f"{told.done:,} {done}, {told.skipped:,} {already}, {told.failed:,} need you{waiting}."


def summary(batch: Batch, result: Path | None) -> dict[str, Any]:
    told = bulk.progress(batch)
    return {
        "batch": str(batch.uid),
        "kind": batch.kind,
        "state": told.state,
        "rows": told.total,
        "done": told.done,
        "already_there": told.skipped,
        "needs_you": told.failed,
        "waiting": told.waiting,
        "paused_until": told.paused_until,
        "error": told.error,
        "result": str(result) if result else None,
    }


def write_result(batch: Batch, path: Path) -> None:
    """The result file, whole or not at all, for its owner's eyes: it holds addresses that open a customer's page."""
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8-sig", newline="", delete=False) as draft:
        try:
            writer = csv.writer(draft, delimiter=batch.options.get("delimiter", ","), lineterminator="\r\n")
            writer.writerows(bulk.result(batch))
        except BaseException:
            os.unlink(draft.name)
            raise
    os.replace(draft.name, path)


def find(uid: str, *kinds: str) -> Batch:
    """The batch that --resume names, by its number or the beginning of it. Raises CommandError (2)."""
    wanted = uid.strip().lower().replace("-", "")
    found = [batch for batch in Batch.objects.filter(kind__in=kinds) if wanted and batch.uid.hex.startswith(wanted)]
    if len(found) != 1:
        refuse(f"{'No' if not found else 'More than one'} batch is called {uid}.")
    return found[0]


def refuse(*sentences: str) -> NoReturn:
    """It cannot start: all the reasons at once."""
    raise CommandError("\n".join(sentences), returncode=NOT_STARTED)


def _leave_reader_alone() -> NoReturn:
    """Whoever read our words has seen enough, such as `head`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its end
    sys.exit(CUT_OFF)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is no number of mails: write 1 or more.")
    return int(text)
