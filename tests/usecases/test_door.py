"""The one door: races, lateness, and a constant number of queries."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from onboarding.lifecycle import Observation, Source, Status, Verdict
from onboarding.models import Connection, Event, Mail
from onboarding.usecases import door
from tests import factories
from tests.usecases.test_companies import in_thread

pytestmark = pytest.mark.django_db


def told(status: str, at, source: Source = Source.WEBHOOK, *, is_read: bool = False) -> Observation:  # type: ignore[no-untyped-def]
    return Observation(status, at, source, is_read)


@pytest.fixture
def connection() -> Connection:
    return factories.local_connection(factories.company(factories.ana()))


def test_an_older_event_changes_nothing(connection: Connection) -> None:
    late = connection.seen_at - timedelta(seconds=1)

    verdicts = door.record({connection.pk: told("Unlinked", late)})

    connection.refresh_from_db()
    assert verdicts == {connection.pk: Verdict.STALE}
    assert connection.status == Status.LINKED


def test_the_time_seen_moves_when_nothing_changed(connection: Connection) -> None:
    now = timezone.now()

    door.record({connection.pk: told("Linked", now)})
    verdicts = door.record({connection.pk: told("Unlinked", now - timedelta(seconds=1))})

    assert verdicts == {connection.pk: Verdict.STALE}


def test_two_words_of_one_instant_ask_for_a_read(connection: Connection) -> None:
    verdicts = door.record({connection.pk: told("Unlinked", connection.seen_at)})

    assert verdicts == {connection.pk: Verdict.ASK}


def test_deleted_is_final(connection: Connection) -> None:
    door.record({connection.pk: told("Deleted", timezone.now())})
    door.record({connection.pk: told("Linked", timezone.now() + timedelta(hours=1))})

    connection.refresh_from_db()
    assert connection.status == Status.DELETED


def test_a_change_is_told_in_the_timeline_with_before_and_after(connection: Connection) -> None:
    now = timezone.now()
    door.record({connection.pk: Observation("Deauthorized", now, Source.SWEEP, True, "corr-1", "msg-1")})

    line = connection.history.get(kind="expired")
    assert (line.before, line.after, line.at, line.source) == ("Linked", "Deauthorized", now, "sweep")
    assert (line.correlation_id, line.delivery_id, line.is_problem) == ("corr-1", "msg-1", True)


def test_expired_access_is_written_about_once(connection: Connection) -> None:
    now = timezone.now()
    for _ in range(2):
        door.record({connection.pk: told("Deauthorized", now)})

    assert Mail.objects.filter(kind="expired").count() == 1


def test_two_linked_ones_are_recorded_and_shown_to_staff(connection: Connection) -> None:
    factories.local_connection(connection.company, platform_key=factories.QUICKBOOKS)

    connection.company.refresh_from_db()
    assert connection.company.connections.filter(status=Status.LINKED).count() == 2
    assert connection.company.needs == "two_linked"


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_run_inside_a_transaction() -> None:
    connection = factories.local_connection(factories.company(factories.ana()))

    with pytest.raises(RuntimeError), transaction.atomic():
        door.record({connection.pk: told("Unlinked", timezone.now())})


@pytest.mark.parametrize("number", [1, 3, 30])
def test_a_page_costs_as_many_queries_as_one(django_assert_num_queries, number: int) -> None:  # type: ignore[no-untyped-def]
    ana = factories.ana()
    rows = [factories.local_connection(factories.company(ana)) for _ in range(number)]
    now = timezone.now()

    with django_assert_num_queries(4):  # a savepoint in tests, one look, one touch
        door.record({row.pk: told("Linked", now) for row in rows})


@pytest.mark.django_db(transaction=True)
def test_news_and_a_read_at_once_end_in_the_newest() -> None:
    connection = factories.local_connection(factories.company(factories.ana()))
    now = timezone.now()
    history = [told(word, now + timedelta(seconds=n)) for n, word in enumerate(("Unlinked", "Linked", "Deauthorized"))]

    threads = [threading.Thread(target=in_thread, args=(door.record, {connection.pk: news})) for news in history * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORIZED
    assert Event.objects.filter(kind="expired").count() == 1


def test_a_time_that_a_wrong_clock_told_shuts_out_no_news(connection: Connection) -> None:
    ahead = timezone.now() + timedelta(days=1)
    door.record({connection.pk: Observation("Linked", ahead, Source.SWEEP, is_read=True)})

    now = timezone.now()
    door.record({connection.pk: Observation("Linked", now, Source.SWEEP, is_read=True)})
    assert Connection.objects.get().seen_at == now
    Connection.objects.update(seen_at=ahead)
    verdicts = door.record({connection.pk: Observation("Deauthorized", now, Source.WEBHOOK)})

    assert verdicts == {connection.pk: Verdict.MOVED}
    assert Connection.objects.get().seen_at == now
