"""The row is the queue: claims, leases, poison, parking, replay, and two workers at once."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from onboarding import tasks
from onboarding.models import Claim, Delivery, Event
from onboarding.usecases import webhooks
from onboarding.usecases.webhooks import claims, queue
from tests import factories
from tests.webhooks.letters import about_company, deliver, headers, letter, post, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection():
    return factories.local_connection(factories.company(factories.ana()))


def keep(body: bytes, message_id: str = "") -> str:
    message_id = message_id or f"msg_{uuid4().hex}"
    webhooks.accept(body, headers(body, message_id=message_id))
    return message_id


def keep_poison(connection) -> str:
    """Its payload is no object, so whoever handles it fails."""
    message_id = keep(told("connection.disconnected", connection))
    Delivery.objects.filter(pk=message_id).update(event_type="bills.write.successful", payload=[])
    return message_id


def test_the_task_drains_what_is_due(connection):
    keep(told("connection.disconnected", connection))

    assert tasks.drain_deliveries() == "handled 1"
    assert tasks.drain_deliveries() == "handled 0"


def test_news_does_not_wait_for_the_end_of_a_replay(connection):
    """Each batch takes the oldest, and some of the newest."""
    replayed = [keep(letter("company.created", about_company(connection.company))) for _ in range(claims.FRESH + 20)]
    fresh = keep(told("connection.disconnected", connection))

    assert webhooks.drain(limit=10) == 10 + claims.FRESH
    left = set(Delivery.objects.filter(done_at=None).values_list("pk", flat=True))
    assert left == set(replayed[10:21])
    assert fresh not in left


def test_what_a_dead_worker_claimed_is_due_again_after_its_lease(connection):
    message_id, now = keep(told("connection.disconnected", connection)), timezone.now()
    claims.take(500, now)
    assert webhooks.drain(now=now + timedelta(seconds=29)) == 0

    assert webhooks.drain(now=now + timedelta(seconds=31)) == 1
    row = Delivery.objects.get(pk=message_id)
    assert (row.outcome, row.attempts) == ("moved", 1)
    assert Claim.objects.count() == 0


def test_a_message_in_whose_hands_workers_die_is_handled_alone(connection):
    good, now = [keep(told("connection.connected", connection)) for _ in range(3)], timezone.now()
    for _ in range(3):
        claims.take(500, now)
        now += timedelta(seconds=31)
    late = keep(told("connection.reconnected", connection))

    batch = claims.take(500, now)[1]
    assert {message.webhook_id for message in batch if message.is_suspect} == set(good)
    assert late in {message.webhook_id for message in batch}


def test_a_claim_of_a_clock_that_was_ahead_holds_nobody_up(connection):
    keep(told("connection.disconnected", connection))
    now = timezone.now()
    claims.take(500, now + timedelta(days=1))

    assert webhooks.drain(now=now) == 1


def test_what_is_new_does_not_wait_for_what_another_worker_holds(connection):
    held = keep(told("connection.connected", connection))
    claims.take(500, timezone.now())
    keep(told("connection.disconnected", connection))

    assert webhooks.drain() == 1
    assert Delivery.objects.get(done_at=None).pk == held


def test_ids_of_any_letters_are_found_again(connection):
    ids = [
        keep(told("connection.connected", connection), f"msg_{odd}") for odd in ('"', "\\", "{a,b}", "'", "NULL", "é")
    ]
    webhooks.drain()

    assert set(Delivery.objects.filter(done_at__isnull=False).values_list("pk", flat=True)) == set(ids)


def test_a_crash_after_the_change_and_before_the_mark_is_harmless(connection):
    message_id = keep(told("connection.disconnected", connection))
    webhooks.drain()
    Delivery.objects.filter(pk=message_id).update(done_at=None, not_before=timezone.now())
    webhooks.drain()

    assert Event.objects.filter(kind="expired").count() == 1


def test_one_poisonous_message_holds_up_nobody(connection):
    good = [keep(told("connection.connected", connection)) for _ in range(6)]
    poison = keep_poison(connection)
    webhooks.drain()

    row = Delivery.objects.get(pk=poison)
    assert Delivery.objects.filter(pk__in=good, done_at=None).count() == 0
    assert (row.done_at, row.parked_at, row.attempts) == (None, None, 1)
    assert "Traceback" in row.error


def test_a_message_that_fails_again_and_again_is_parked_with_its_traceback(connection):
    poison, now = keep_poison(connection), timezone.now()
    for _ in range(webhooks.PARKED_AFTER):
        now += timedelta(hours=2)
        webhooks.drain(now=now)

    row = Delivery.objects.get(pk=poison)
    assert (row.attempts, row.parked_at is not None, "Traceback" in row.error) == (8, True, True)
    assert webhooks.drain(now=now + timedelta(days=1)) == 0


def test_a_message_that_kills_every_worker_is_parked(connection):
    message_id = keep(told("connection.disconnected", connection))
    Delivery.objects.update(attempts=webhooks.KILLERS_PARKED_AFTER)
    webhooks.drain()

    assert Delivery.objects.get(pk=message_id).parked_at is not None


def test_a_parked_message_can_be_replayed(connection):
    message_id = keep(told("connection.disconnected", connection))
    Delivery.objects.update(parked_at=timezone.now(), attempts=8, error="why")

    assert webhooks.replay(parked=True, is_dry_run=True) == 1
    assert webhooks.drain() == 0
    assert webhooks.replay(parked=True) == 1
    webhooks.drain()
    assert Delivery.objects.get(pk=message_id).outcome == "moved"


@pytest.mark.django_db(transaction=True)
def test_many_are_replayed_in_slices_and_one_that_breaks_loses_none():
    now, many = timezone.now(), 2 * queue.REPLAY_SLICE + 2
    values = {"event_type": "x", "not_before": now, "parked_at": now}
    Delivery.objects.bulk_create(Delivery(webhook_id=f"msg_{uuid4().hex}", **values) for _ in range(many))
    in_transaction = []

    def break_at_the_second(execute, sql, params, is_many, context):
        if sql.startswith("UPDATE"):
            in_transaction.append(context["connection"].in_atomic_block)
            if len(in_transaction) == 2:
                raise OperationalError("canceling statement due to statement timeout")
        return execute(sql, params, is_many, context)

    with database.execute_wrapper(break_at_the_second):
        with pytest.raises(OperationalError):
            webhooks.replay(parked=True)
        rest = Delivery.objects.filter(parked_at__isnull=False).count()
        assert (rest, webhooks.replay(parked=True)) == (many - queue.REPLAY_SLICE, rest)

    assert in_transaction == [False] * 4
    assert Delivery.objects.filter(parked_at=None, done_at=None, attempts=0).count() == many
    assert webhooks.replay(parked=True) == 0


def test_a_replay_of_everything_changes_nothing(connection):
    payload = {"referenceCompany": about_company(connection.company), "syncId": "s", "transactions": []}
    deliver(told("connection.disconnected", connection), letter("expenses.sync.successful", payload))
    before = list(Event.objects.order_by("pk").values_list("kind", flat=True))

    assert webhooks.replay(since=timezone.now() - timedelta(hours=1)) == 2
    webhooks.drain()
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == before


@pytest.mark.django_db(transaction=True)
def test_the_same_event_fifty_times_at_once_is_kept_and_told_once():
    connection = factories.local_connection(factories.company(factories.ana()))
    body = told("connection.disconnected", connection)
    signed, answers, start = headers(body, message_id="msg_once"), [], Barrier(10)

    def send() -> None:
        start.wait()
        answers.extend(post(body, signed=signed) for _ in range(5))
        webhooks.drain()
        database.close()

    run(*[send] * 10)
    assert answers == [200] * 50
    assert Delivery.objects.get().outcome == "moved"
    assert Event.objects.filter(kind="expired").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_a_queue_and_tell_nothing_twice():
    company = factories.company(factories.ana())
    rows = [factories.local_connection(company) for _ in range(40)]
    for row in rows:
        keep(told("connection.deleted", row))
    handled: list[int] = []

    def work() -> None:
        while batch := webhooks.drain(limit=5):
            handled.append(batch)
        database.close()

    run(work, work)
    assert sum(handled) == 40
    assert Event.objects.filter(kind="deleted").count() == 40


def run(*works) -> None:
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
