"""Invitations in waves: so many a day, on working days, in the morning where the customer is."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.db.models.fields.json import KT
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
    facts: dict[str, Any] = {"invitation": invitation.pk}
    if wave is None:
        return done("The invitation leaves now.", facts=facts)
    said = f"The invitation leaves on {wave.day:%-d %B %Y} (wave {wave.number})."
    return done(said, facts=facts | {"wave": wave.number, "wave_day": wave.day.isoformat()})


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


def given_out(batch: Batch) -> list[tuple[Wave, int]]:
    """The waves in which mails of this batch leave, and how many in each. One query."""
    told = batch.rows.filter(data__has_key="wave").annotate(wave=KT("data__wave"), day=KT("data__wave_day"))
    counts = told.values_list("wave", "day").annotate(Count("pk")).order_by()
    found = [(Wave(int(wave), date.fromisoformat(day)), count) for wave, day, count in counts]
    return sorted(found, key=lambda pair: pair[0].number)


def foreseen(count: int, per_day: int | None, *, weekdays: bool, today: date | None = None) -> Wave | None:
    """The last wave of so many mails that begin today; None if they all leave at once."""
    if not count or not (per_day or weekdays):
        return None
    day = working_day(today or timezone.now().astimezone(UTC).date(), weekdays=weekdays)
    number = math.ceil(count / per_day) if per_day else 1
    for _ in range(number - 1):
        day = working_day(day + timedelta(days=1), weekdays=weekdays)
    return Wave(number, day)


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
