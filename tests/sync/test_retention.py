"""What is removed by age, and what never is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from onboarding.models import Delivery, Event, Sweep, Tally
from onboarding.usecases import retention
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def delivery(days_ago: int, **fields) -> None:
    name = f"msg_{days_ago}_{len(fields)}"
    Delivery.objects.create(webhook_id=name, event_type="x", not_before=NOW, **fields)
    Delivery.objects.filter(pk=name).update(received_at=NOW - timedelta(days=days_ago))


def test_handled_messages_go_after_thirty_days_and_others_never():
    for days_ago in (29, 31):
        delivery(days_ago)
        delivery(days_ago, done_at=NOW)
    assert retention.prune(now=NOW)["deliveries"] == 1

    assert set(Delivery.objects.values_list("pk", flat=True)) == {"msg_29_0", "msg_29_1", "msg_31_0"}


def test_history_goes_after_two_years():
    company = factories.company()
    for days_ago in (729, 731):
        Event.objects.create(company=company, kind="note", source="staff", at=NOW - timedelta(days=days_ago))
    retention.prune(now=NOW)

    assert Event.objects.filter(kind="note").count() == 1


def test_the_machinerys_own_rows_go_after_three_months():
    old = NOW - timedelta(days=91)
    Sweep.objects.create(started_at=old)
    Tally.objects.create(name="x", day=old.date(), last_at=old)

    assert retention.prune(now=NOW)["sweeps"] == 1
    assert not Tally.objects.exists()


def test_it_works_in_batches_and_may_be_cut_short(settings):
    settings.KEEP_DELIVERIES_DAYS = 1
    rows = (Delivery(webhook_id=f"msg_{n}", event_type="x", not_before=NOW, done_at=NOW) for n in range(4100))
    Delivery.objects.bulk_create(rows)
    Delivery.objects.update(received_at=NOW - timedelta(days=2))
    assert retention.prune(now=NOW, budget_seconds=0)["deliveries"] == 0

    assert retention.prune(now=NOW)["deliveries"] == 4100
