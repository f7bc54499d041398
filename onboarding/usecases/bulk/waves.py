"""Invitations in waves: so many a day, on working days, in the morning where the customer is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ...actors import Actor
from ...errors import NotNow, explain
from ...models import Batch, Company, Invitation, Mail, MailRefusal, Role
from .. import invitations
from .outcomes import Outcome, done, failed, skipped

MORNING = time(9)


@dataclass(frozen=True, slots=True)
class Wave:
    """A day and its place in the row of days, from 1."""

    number: int
    day: date


def invite(company: Company, batch: Batch, by: Actor) -> Outcome:
    """Invite the customer's own address unless that was done before; the mail leaves in its wave."""
    if stopped := why_not(company):
        return stopped
    if earlier := invited_before(company):
        return skipped(f"Invited already, on {earlier.created_at:%-d %B %Y}.", facts={"invitation": earlier.pk})
    wave = next_wave(batch)
    at = leaves_at(company, wave, weekdays=bool(batch.options.get("weekdays"))) if wave else None
    try:
        invitation = invitations.invite(company, by=by, not_before=at)
    except NotNow as error:
        return failed(str(explain(error)))
    said = (
        f"The invitation leaves on {wave.day:%-d %B %Y} (wave {wave.number})." if wave else "The invitation leaves now."
    )
    return done(said, facts={"invitation": invitation.pk})


def why_not(company: Company) -> Outcome | None:
    """What stands against a mail to this customer, if anything does."""
    if company.accepted_at:
        return skipped("Has accepted an invitation already.")
    if MailRefusal.objects.filter(company=company, email=company.email).exists():
        return skipped("Has asked for no more mails.")
    if Mail.objects.filter(company=company, to=company.email, bounced_at__isnull=False).exists():
        return failed(f"The last mail to {company.email} bounced: correct the address first.")
    return None


def invited_before(company: Company) -> Invitation | None:
    """The open invitation of the customer's own address whose mail was written before."""
    mine = invitations.open_ones(company).filter(email=company.email, role=Role.MEMBER)
    return mine.filter(mails__kind="invitation").order_by("-pk").first()


def next_wave(batch: Batch, now: datetime | None = None) -> Wave | None:
    """The next free place among the batch's waves; None if it sends all at once.

    Places are given out one by one under the batch's lock, so that no day gets more, whoever works on it.
    """
    per_day, weekdays = batch.options.get("per_day"), bool(batch.options.get("weekdays"))
    if not per_day and not weekdays:
        return None
    today = (now or timezone.now()).astimezone(UTC).date()
    with transaction.atomic():
        locked = Batch.objects.select_for_update().get(pk=batch.pk)
        last = locked.options.get("wave") or {"number": 0, "day": "", "sent": 0}
        wave = following(last, today, per_day, weekdays=weekdays)
        locked.options["wave"] = wave
        locked.save(update_fields=["options"])
    return Wave(wave["number"], date.fromisoformat(wave["day"]))


def following(last: dict, today: date, per_day: int | None, *, weekdays: bool) -> dict:
    """The place after `last`: on the same day while there is room and it has not passed, else on the next one."""
    day = working_day(today, weekdays=weekdays)
    if last["day"]:
        day = max(day, date.fromisoformat(last["day"]))
        is_full = bool(per_day) and last["sent"] >= per_day and last["day"] == day.isoformat()
        day = working_day(day + timedelta(days=1), weekdays=weekdays) if is_full else day
    if last["day"] == day.isoformat():
        return {**last, "sent": last["sent"] + 1}
    return {"number": last["number"] + 1, "day": day.isoformat(), "sent": 1}


def working_day(day: date, *, weekdays: bool) -> date:
    """The day itself, or the Monday after it."""
    return day + timedelta(days=7 - day.weekday()) if weekdays and day.weekday() >= 5 else day


def leaves_at(company: Company, wave: Wave, *, weekdays: bool, now: datetime | None = None) -> datetime:
    """Nine in the morning of the wave's day where the customer is; if that has passed, now, but for a weekend there."""
    moment, zone = now or timezone.now(), ZoneInfo(company.time_zone or settings.TIME_ZONE)
    at = datetime.combine(wave.day, MORNING, zone)
    if at > moment:
        return at.astimezone(UTC)
    there = moment.astimezone(zone).date()
    later = working_day(there, weekdays=weekdays)
    return moment if later == there else datetime.combine(later, MORNING, zone).astimezone(UTC)
