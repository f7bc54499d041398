"""Who a command acts for."""

from argparse import ArgumentParser

from django.core.management import CommandError
from django.db.models import Q

from onboarding.actors import Actor
from onboarding.models import User

MAY_ACT = ("Operations", "Support lead")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--as",
        dest="on_behalf",
        metavar="EMAIL",
        default="",
        help="The member of staff it is done for, in mails and in the audit (Operations or Support lead).",
    )


def actor(email: str, *, reason: str = "", required: bool = False) -> Actor:
    """The command's actor. Raises CommandError (2) for somebody who may not act on many companies."""
    if not email:
        if required:
            raise CommandError("Name the member of staff it is done for: --as EMAIL.", returncode=2)
        return Actor.command(None, reason)
    user = User.objects.filter(email=User.objects.normalize_email(email), is_active=True, is_staff=True).first()
    if user is None:
        raise CommandError(f"No active member of staff has the address {email}.", returncode=2)
    may = Q(pk=user.pk) & (Q(groups__name__in=MAY_ACT) | Q(is_superuser=True))
    if not User.objects.filter(may).exists():
        raise CommandError(f"{email} may not do this: it takes {' or '.join(MAY_ACT)}.", returncode=2)
    return Actor.command(user, reason)
