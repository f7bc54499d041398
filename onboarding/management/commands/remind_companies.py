"""Sends the reminders that the clock would send, or says which."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from onboarding import tasks
from onboarding.management import acting, choosing
from onboarding.management.batches import BatchCommand
from onboarding.nudge import nudge
from onboarding.usecases import timeline
from onboarding.usecases.mails import reminders

EXAMPLE = """
The same rows and stop rules as the clock's, which asks every hour: nobody gets the same reminder twice, and nobody
two within a day and a half. Who asked for no more mails, or whose address bounced, is skipped.

example:
  manage.py remind_companies --dry-run
  manage.py remind_companies --product expenses --as olu@alderway.example

Exit status: 0 all went well, 2 could not start.
"""
WORDS = {"invitation": "invitations unanswered", "unfinished": "connections not finished", "expired": "access expired"}


class Command(BatchCommand):
    help = "Sends or previews the reminders that are due now."
    example = EXAMPLE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say who would be written to; send nothing.")
        parser.add_argument("--json", action="store_true", help="End with one line of JSON; words go to stderr.")
        choosing.add_arguments(parser)
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        by = acting.actor(options["on_behalf"])
        companies = choosing.chosen(options) if choosing.is_any(options) else None
        written: Counter[str] = Counter()
        skipped: Counter[str] = Counter()
        for reminder in reminders.reminders_due(companies=companies):
            if options["dry_run"] and options["verbosity"] > 1:
                self.say(f"{reminder.company.ref}: {reminder.kind}, day {reminder.day}. {reminder.skip}".rstrip())
            if reminder.skip:
                skipped[reminder.skip] += 1
            elif options["dry_run"] or reminders.enqueue_reminder(reminder, by=by):
                written[f"{WORDS[reminder.kind]} {reminder.day}+ days"] += 1
        if not options["dry_run"]:
            timeline.write("reminded", company=None, by=by, facts={"sent": dict(written), "skipped": dict(skipped)})
        self._sum_up(written, skipped, is_dry=options["dry_run"])

    def _sum_up(self, written: Counter[str], skipped: Counter[str], *, is_dry: bool) -> None:
        for words, count in sorted(written.items()):
            self.say(f"{count:,} {words}.")
        for why, count in sorted(skipped.items()):
            self.say(f"Skipped {count:,}: {why}.")
        self.say(f"{written.total():,} reminders {'would be' if is_dry else 'are'} sent.")
        if written and not is_dry:
            nudge(tasks.send_mails)
        self.end({"sent": dict(written), "skipped": dict(skipped), "dry_run": is_dry})
