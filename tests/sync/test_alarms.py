"""What staff are told of the machinery, and when it is taken back."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from onboarding.lifecycle import Observation, Source
from onboarding.models import Alarm, Company, Delivery, Heartbeat, Quota, Sweep, Tally
from onboarding.usecases import door
from onboarding.usecases.watch import alarm_words, alarms
from tests import factories
from tests.webhooks.letters import deliver, told

pytestmark = pytest.mark.django_db


def open_names(now=None) -> set[str]:
    return {alarm.name for alarm in alarms.check(now)}


def found_by_sweep(connection, minutes_ago: int) -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    door.record({connection.pk: Observation("Unlinked", at, Source.SWEEP, is_read=True)})


@pytest.fixture
def connection():
    at = timezone.now() - timedelta(days=8)
    return factories.local_connection(factories.company(factories.ana()), at=at)


def count_refused(reason: str, times: int) -> None:
    now = timezone.now()
    Tally.objects.create(name=f"webhook.refused.{reason}", day=now.astimezone(UTC).date(), count=times, last_at=now)


def test_nothing_is_wrong_at_first():
    assert open_names() == set()


def test_a_change_that_no_event_told_of_is_an_alarm(connection):
    found_by_sweep(connection, 30)

    assert "webhooks.missed" in open_names()


def test_a_change_whose_event_came_a_little_later_is_none(connection):
    found_by_sweep(connection, 16)
    deliver(told("connection.disconnected", connection, "Unlinked"))
    Delivery.objects.update(received_at=timezone.now() - timedelta(minutes=15))

    assert "webhooks.missed" not in open_names()


def test_an_event_may_still_be_on_its_way(connection):
    found_by_sweep(connection, 5)

    assert "webhooks.missed" not in open_names()


def test_a_day_without_events_in_which_something_changed_is_an_alarm(connection):
    last = timezone.now() - timedelta(hours=30)
    deliver(told("connection.connected", connection, at=last))
    Delivery.objects.update(received_at=last)
    assert "webhooks.silent" not in open_names()

    found_by_sweep(connection, 60)
    assert "webhooks.silent" in open_names()


@pytest.mark.parametrize("reason", ["old", "future"])
def test_right_signatures_of_a_wrong_time_point_at_the_clock(reason):
    count_refused(reason, 3)

    assert open_names() == {"clock.off"}


def test_wrong_signatures_alone_point_at_the_secret(connection):
    count_refused("mismatch", 3)
    assert open_names() == {"webhooks.secret"}

    deliver(told("connection.connected", connection))
    assert open_names() == set()


def test_a_secret_that_is_wrong_since_a_quarter_of_an_hour_is_an_alarm(connection):
    deliver(told("connection.connected", connection))
    count_refused("mismatch", 3)
    assert open_names() == set()  # somebody else's forgeries, perhaps: ours are believed

    Delivery.objects.update(received_at=timezone.now() - timedelta(minutes=16))
    assert open_names() == {"webhooks.secret"}


def test_the_alarm_of_a_secret_outlives_midnight():
    count_refused("mismatch", 5)
    Tally.objects.update(day=(timezone.now() - timedelta(days=1)).date())

    assert open_names() == {"webhooks.secret"}


def test_a_clock_that_is_right_again_is_no_alarm(connection):
    count_refused("old", 3)
    assert open_names() == {"clock.off"}

    deliver(told("connection.connected", connection))
    assert open_names() == set()


def test_an_event_that_nobody_handles_is_an_alarm_until_somebody_does(connection):
    deliver(told("connection.connected", connection))
    Delivery.objects.update(done_at=None, attempts=0, not_before=timezone.now() - timedelta(minutes=6))
    assert open_names() == {"deliveries.unhandled"}

    Delivery.objects.update(done_at=timezone.now())
    assert open_names() == set()
    assert Alarm.objects.get().cleared_at is not None


def test_an_alarm_is_raised_once_however_often_it_is_checked(connection):
    Delivery.objects.bulk_create([Delivery(webhook_id="m", event_type="x", not_before=timezone.now())])
    Delivery.objects.update(parked_at=timezone.now())
    [alarms.check() for _ in range(3)]

    assert Alarm.objects.get().name == "deliveries.parked"


def test_sweeps_that_do_not_end_are_an_alarm(connection):
    Company.objects.update(codat_id=connection.company.uid)
    Sweep.objects.create(started_at=timezone.now() - timedelta(hours=5), error="no answer")

    assert open_names() == {"sweep.overdue"}


def test_a_silent_worker_is_an_alarm():
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=4))

    assert open_names() == {"worker.silent"}


def test_a_refused_key_and_a_silent_codat_are_alarms():
    past = timezone.now() - timedelta(minutes=6)
    Quota.objects.create(pk=1, refused_code=401, refused_at=past, failures=9, down_since=past)

    assert open_names() == {"codat.refused", "codat.down"}


@pytest.mark.parametrize("name", [*alarms.CONDITIONS, *alarms.SOUNDED_BY_SWEEPS])
def test_every_alarm_has_words_and_a_remedy(name):
    says, fix = alarm_words.explain(Alarm(name=name, facts={}))

    assert name in alarm_words.WORDS
    assert says and fix
