"""Reminders by the clock: who has waited long enough to be written to again, and until when.

Invitation: again on days 3 and 7. Not finished: once, after a day. Access expired: days 0, 2 and 7, then staff
only. Each is written once, whatever the clock does; whether it still makes sense is asked again at the moment of
sending (`letters.unwanted`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from ... import queries
from ...actors import CLOCK, Actor
from ...lifecycle import UNFINISHED
from ...models import Company, Connection, Invitation, Kind, Mail, MailRefusal, Role
from ...states import State
from . import occasions, outbox

INVITATION_DAYS = (3, 7)
EXPIRED_DAYS = (0, 2, 7)
UNFINISHED_AFTER = timedelta(days=1)
NEVER_CLOSER_THAN = timedelta(hours=36)  # after an outage of the clock nobody gets two at once
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Reminder:
    """One mail that is due. `day` counts from the first mail; `skip` says why it will not go after all."""

    kind: str
    company: Company
    day: int = 0
    invitation: Invitation | None = None
    connection: Connection | None = None
    skip: str = ""


def remind(now: datetime | None = None) -> int:
    """Write every reminder that is due; returns how many. Running it twice writes nothing twice."""
    moment = now or timezone.now()
    return sum(bool(enqueue_reminder(reminder, now=moment)) for reminder in reminders_due(moment) if not reminder.skip)


def reminders_due(now: datetime | None = None, companies: QuerySet[Company] | None = None) -> Iterator[Reminder]:
    """All that is due, of all companies or of these; those that are skipped too, with the reason."""
    moment = now or timezone.now()
    among = (Company.objects.all() if companies is None else companies).filter(erased_at=None)
    yield from _invitations(among, moment)
    yield from _unfinished(among, moment)
    yield from _expired(among, moment)


def enqueue_reminder(reminder: Reminder, *, by: Actor = CLOCK, now: datetime | None = None) -> bool:
    """Write one; False if that invitation's was written before. Nobody gets the same one twice."""
    moment = now or timezone.now()
    if reminder.invitation:
        return _enqueue_invitation(reminder, by, moment)
    assert reminder.connection is not None
    if reminder.kind == "expired":
        occasions.expired(reminder.connection, day=reminder.day, now=moment)
    else:
        occasions.unfinished(reminder.connection, now=moment)
    return True


def _enqueue_invitation(reminder: Reminder, by: Actor, now: datetime) -> bool:
    invitation = reminder.invitation
    assert invitation is not None
    facts = {"name": invitation.name, "by": str(invitation.by or ""), "day": reminder.day}
    once = f"invitation:{invitation.pk}:day{reminder.day}"
    return bool(
        outbox.enqueue(
            "invitation",
            to=invitation.email,
            company=invitation.company,
            invitation=invitation,
            by=by,
            facts=facts,
            once=once,
            not_before=now,
        )
    )


def _invitations(companies: QuerySet[Company], now: datetime) -> Iterator[Reminder]:
    open_ones = Invitation.objects.filter(
        company__in=companies,
        role=Role.MEMBER,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=now,
        sent_at__lte=now - timedelta(days=INVITATION_DAYS[0]),
    )
    had = Mail.objects.filter(invitation=OuterRef("pk"), kind="invitation")
    answers = {
        "is_refused": Exists(MailRefusal.objects.filter(company=OuterRef("company"), email=OuterRef("email"))),
        "is_bounced": Exists(_bounced()),
        "is_recent": Exists(had.filter(created_at__gt=now - NEVER_CLOSER_THAN)),
        "has_later": Exists(had.filter(facts__day__gte=INVITATION_DAYS[-1])),
        "has_first": Exists(had.filter(facts__day__gte=INVITATION_DAYS[0])),
    }
    rows = open_ones.annotate(**answers).select_related("company", "by").order_by("pk")
    invitation: Any  # with the answers above
    for invitation in rows.iterator(AT_A_TIME):
        day = _step((now - invitation.sent_at).days, INVITATION_DAYS)
        if invitation.has_later or (invitation.has_first and day == INVITATION_DAYS[0]):
            continue
        yield Reminder("invitation", invitation.company, day, invitation=invitation, skip=_why_not(invitation))


def _bounced() -> QuerySet[Mail]:
    return Mail.objects.filter(company=OuterRef("company"), to=OuterRef("email"), bounced_at__isnull=False)


def _why_not(invitation: Any) -> str:
    if invitation.is_refused:
        return "reminders were stopped"
    if invitation.is_bounced:
        return "the address bounced"
    return "written to yesterday" if invitation.is_recent else ""


def _step(days: int, steps: tuple[int, ...]) -> int:
    """The newest step that is reached: the missed ones before it are let go."""
    return max(step for step in steps if step <= days)


def _unfinished(companies: QuerySet[Company], now: datetime) -> Iterator[Reminder]:
    """Connections that somebody began and left a day ago, and that were not written about."""
    started = Connection.objects.filter(
        company__in=companies.filter(state=State.PENDING),
        kind=Kind.ACCOUNTING,
        is_unfinished=True,
        status__in=[status.value for status in UNFINISHED],
        created_at__lte=now - UNFINISHED_AFTER,
    )
    fresh = started.exclude(left_at__gt=now - UNFINISHED_AFTER).exclude(Exists(_about("unfinished")))
    for connection in fresh.select_related("company", "started_by").order_by("pk").iterator(AT_A_TIME):
        yield Reminder("unfinished", connection.company, 1, connection=connection)


def _about(kind: str) -> QuerySet[Mail]:
    return Mail.objects.filter(connection=OuterRef("pk"), kind=kind)


def _expired(companies: QuerySet[Company], now: datetime) -> Iterator[Reminder]:
    """Companies whose access has expired, at each of the steps; the first too, should nobody have written it."""
    for company in queries.with_connections(companies.filter(state=State.EXPIRED)).iterator(AT_A_TIME):
        connection = queries.current(company)
        if connection is None or connection.let_go_at or company.state_since is None:
            continue
        connection.company = company
        day = _step(max(0, (now - company.state_since).days), EXPIRED_DAYS)
        since = company.state_since - timedelta(minutes=5)  # the first is written with the change itself
        written = Mail.objects.filter(connection=connection, kind="expired", created_at__gte=since)
        newest = written.order_by("-created_at").first()
        if newest and (newest.facts.get("day", 0) >= day):
            continue
        is_recent = newest is not None and newest.created_at > now - NEVER_CLOSER_THAN
        skip = "written to yesterday" if is_recent else ""
        yield Reminder("expired", company, day, connection=connection, skip=skip)
