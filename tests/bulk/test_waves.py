"""Invitations in waves: so many a day, on working days, in the morning where the customer is."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from onboarding.models import BatchKind, Company, Invitation, Mail, MailRefusal, RowStatus
from onboarding.usecases import bulk, companies, invitations
from onboarding.usecases.bulk.waves import Wave, following, foreseen, leaves_at
from tests.bulk.files import COMMAND

FRIDAY = date(2026, 11, 20)
NOTHING = {"number": 0, "day": "", "sent": 0}


def waves(count: int, per_day: int | None, *, weekdays: bool, today: date = FRIDAY) -> list[str]:
    last, days = NOTHING, []
    for _ in range(count):
        last = following(last, today, per_day, weekdays=weekdays)
        days.append(last["day"])
    return days


def test_no_day_gets_more_than_its_share() -> None:
    assert waves(5, 2, weekdays=False) == ["2026-11-20"] * 2 + ["2026-11-21"] * 2 + ["2026-11-22"]


def test_weekend_is_left_out() -> None:
    assert waves(5, 2, weekdays=True) == ["2026-11-20"] * 2 + ["2026-11-23"] * 2 + ["2026-11-24"]


@pytest.mark.parametrize(("count", "per_day", "weekdays"), [(5, 2, True), (4, 2, False), (1, 3, True), (7, None, True)])
def test_the_last_wave_is_foreseen(count: int, per_day: int | None, weekdays: bool) -> None:
    days = waves(count, per_day, weekdays=weekdays)

    last = foreseen(count, per_day, weekdays=weekdays, today=FRIDAY)

    assert last == Wave(len(set(days)), date.fromisoformat(days[-1]))


def test_wave_of_a_day_that_has_passed_begins_today() -> None:
    last = {"number": 3, "day": "2026-11-17", "sent": 2}

    assert following(last, FRIDAY, 2, weekdays=True) == {"number": 4, "day": "2026-11-20", "sent": 1}


@pytest.mark.parametrize(
    ("zone", "now", "leaves"),
    [
        ("Europe/Paris", datetime(2026, 11, 20, 6, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("", datetime(2026, 11, 20, 14, tzinfo=UTC), datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 20, 20, tzinfo=UTC), datetime(2026, 11, 22, 20, tzinfo=UTC)),
    ],
)
def test_mail_leaves_in_the_morning_where_they_live(zone: str, now: datetime, leaves: datetime) -> None:
    company = Company(time_zone=zone)

    assert leaves_at(company, Wave(1, FRIDAY), weekdays=True, now=now) == leaves


def made(count: int) -> list[Company]:
    return [
        companies.create(
            customer_id=f"c-{n}", name=f"Company {n}", email=f"o{n}@x.example", product="expenses", by=COMMAND
        )
        for n in range(count)
    ]


@pytest.mark.django_db(transaction=True)
@time_machine.travel("2026-11-20 06:00Z", tick=True)
def test_invite_batch_spreads_over_the_days() -> None:
    made(5)
    options = {"per_day": 2, "weekdays": True}
    batch = bulk.accept_companies(BatchKind.INVITE, Company.objects.all(), by=COMMAND, options=options)

    bulk.work(batch)

    days = sorted(f"{at:%Y-%m-%d}" for at in Mail.objects.values_list("not_before", flat=True))
    assert days == ["2026-11-20"] * 2 + ["2026-11-23"] * 2 + ["2026-11-24"]
    assert bulk.progress(batch).done == 5


@pytest.mark.django_db(transaction=True)
def test_opt_out_bounce_and_acceptance_are_respected() -> None:
    refusing, bounced, accepted, free = made(4)
    MailRefusal.objects.create(company=refusing, email=refusing.email)
    mail = invitations.invite(bounced, by=COMMAND).mails.get()
    Mail.objects.filter(pk=mail.pk).update(bounced_at=mail.created_at)
    Company.objects.filter(pk=accepted.pk).update(accepted_at=mail.created_at)
    batch = bulk.accept_companies(BatchKind.INVITE, Company.objects.all(), by=COMMAND)

    bulk.work(batch)

    told = {row.company_id: (row.status, row.reason) for row in batch.rows.all()}
    assert told[refusing.pk] == (RowStatus.SKIPPED, "Has asked for no more mails.")
    assert told[bounced.pk][0] == RowStatus.FAILED and "bounced" in told[bounced.pk][1]
    assert told[accepted.pk] == (RowStatus.SKIPPED, "Has accepted an invitation already.")
    assert told[free.pk] == (RowStatus.DONE, "The invitation leaves now.")
    assert Invitation.objects.filter(company=free).count() == 1
