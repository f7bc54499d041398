"""Invites companies, at once or in waves."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from onboarding.management.chosen import ChosenCommand
from onboarding.models import BatchKind, Company, Invitation, MailRefusal, Role

EXAMPLE = """
Filters choose among the companies that were not invited yet. In waves the mails leave at nine in the morning where
the customer lives. Nobody is invited twice, and who asked for no more mails gets none.

example:
  manage.py invite_companies --all --dry-run
  manage.py invite_companies --product expenses --language fr --per-day 200 --weekdays --as olu@alderway.example
  manage.py invite_companies new.result.csv --per-day 200 --as olu@alderway.example

Run again, or with --resume, to finish the rest.
Exit status: 0 all went well, 1 some rows failed, 2 could not start, 130 stopped by Ctrl-C.
"""


class Command(ChosenCommand):
    help = "Sends invitations to companies of ours, at once or in waves."
    example = EXAMPLE
    kind = BatchKind.INVITE

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="All that were not invited yet.")
        self.add_wave_arguments(parser)

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"per_day": options["per_day"], "weekdays": options["weekdays"]}

    def default(self, companies: QuerySet[Company]) -> QuerySet[Company]:
        return companies.filter(invited_at=None, accepted_at=None).exclude(Exists(_open_invitation()))

    def foretell(self, counts: Mapping[str, int], options: dict[str, Any]) -> None:
        self.foretell_waves(counts.get("would be invited", 0), options)

    def foresee(self, companies: QuerySet[Company]) -> dict[str, int]:
        accepted = companies.filter(accepted_at__isnull=False).count()
        waiting = companies.filter(accepted_at=None)
        invited = waiting.filter(Exists(_open_invitation())).count()
        refusing = MailRefusal.objects.filter(company=OuterRef("pk"), email=OuterRef("email"))
        refused = waiting.exclude(Exists(_open_invitation())).filter(Exists(refusing)).count()
        return {
            "would be invited": waiting.count() - invited - refused,
            "invited already": invited,
            "have accepted": accepted,
            "asked for no more mails": refused,
        }


def _open_invitation() -> QuerySet[Invitation]:
    live = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return live.filter(company=OuterRef("pk"), email=OuterRef("email"), role=Role.MEMBER, mails__kind="invitation")
