"""Has kept webhook messages handled again."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from onboarding import tasks
from onboarding.nudge import nudge
from onboarding.usecases import webhooks


def moment(text: str) -> datetime:
    """2026-11-20 or 2026-11-20T18:00; the site's time zone unless it names one."""
    try:
        told = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a time such as 2026-11-20T18:00") from None
    return told if told.tzinfo else timezone.make_aware(told)


class Command(BaseCommand):
    help = "Has kept webhook messages handled again. Harmless for those that were handled well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parked", action="store_true", help="Those that could not be handled.")
        parser.add_argument("--id", nargs="+", metavar="WEBHOOK_ID", help="These.")
        parser.add_argument("--since", type=moment, metavar="TIME", help="Those that arrived since then.")
        parser.add_argument("--dry-run", action="store_true", help="Say how many, and replay none.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["parked"] or options["id"] or options["since"]):
            raise CommandError("Say which: --parked, --id or --since.")
        count = webhooks.replay(
            ids=options["id"],
            parked=options["parked"],
            since=options["since"],
            is_dry_run=options["dry_run"],
        )
        if options["id"] and not options["dry_run"] and count < len(set(options["id"])):
            self.stderr.write(f"{len(set(options['id'])) - count} of these are not kept (any more).")
        if count and not options["dry_run"]:
            nudge(tasks.drain_deliveries)
        self.stdout.write(f"{count} would be replayed" if options["dry_run"] else f"{count} replayed")
