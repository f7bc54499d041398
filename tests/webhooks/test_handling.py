"""What Codat's events change, by event and by what was known before."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding import quota
from onboarding.lifecycle import Status
from onboarding.models import Company, Connection, Delivery, Event, Tally
from onboarding.usecases import reads, webhooks
from tests import factories
from tests.webhooks.letters import about, about_company, deliver, headers, letter, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection():
    """Linked for an hour, as a read of ours said."""
    return factories.local_connection(factories.company(factories.ana()))


def kinds(company: Company) -> list[str]:
    return list(Event.objects.filter(company=company).order_by("pk").values_list("kind", flat=True))


def test_an_event_moves_the_status_and_says_so_in_the_timeline(connection):
    (row,) = deliver(told("connection.disconnected", connection))

    connection.refresh_from_db()
    line = Event.objects.get(company=connection.company, kind="expired")
    assert (connection.status, connection.seen_at) == ("Deauthorized", row.generated_at)
    assert (line.before, line.after, line.delivery_id) == ("Linked", "Deauthorized", row.pk)
    assert (row.outcome, row.done_at is not None) == ("moved", True)


def test_an_older_event_changes_nothing(connection):
    (row,) = deliver(told("connection.disconnected", connection, at=timezone.now() - timedelta(hours=2)))

    connection.refresh_from_db()
    assert (connection.status, row.outcome) == ("Linked", "stale")


def test_of_many_events_in_any_order_the_newest_wins(connection):
    now = timezone.now()
    rows = deliver(
        told("connection.reconnected", connection, at=now),
        told("connection.disconnected", connection, "Unlinked", at=now - timedelta(seconds=2)),
        told("connection.disconnected", connection, at=now - timedelta(seconds=1)),
    )

    connection.refresh_from_db()
    assert (connection.status, connection.seen_at) == ("Linked", now)
    assert [row.outcome for row in rows] == ["same", "superseded", "superseded"]


def test_a_deleted_connection_stays_deleted(connection):
    now = timezone.now()
    deliver(told("connection.deleted", connection, at=now - timedelta(seconds=1)))
    deliver(told("connection.connected", connection, at=now))

    connection.refresh_from_db()
    assert connection.status == Status.DELETED


def test_a_failed_try_keeps_its_reason(connection):
    pending = factories.local_connection(factories.company(factories.ben()), Status.PENDING_AUTH)
    fault = {"statusCode": "500", "errorMessage": "Xero is away", "erroredOnUtc": "2026-09-06T09:25:29Z"}
    deliver(letter("connection.failed", about(pending, "PendingAuth", dataConnectionErrors=[fault])))

    pending.refresh_from_db()
    assert (pending.failure, pending.failures, pending.status) == ("Xero is away", 1, "PendingAuth")


def test_reads_are_noted_for_each_data_type(connection):
    types = [
        {"connectionId": str(connection.codat_id), "dataType": "bills", "status": "Complete"},
        {"connectionId": str(connection.codat_id), "dataType": "suppliers", "status": "FetchError"},
    ]
    payload = {"referenceCompany": about_company(connection.company), "dataTypes": types}
    deliver(letter("read.completed.initial", payload))

    connection.refresh_from_db()
    words = {name: read["status"] for name, read in connection.reads.items()}
    assert words == {"bills": "Complete", "suppliers": "FetchError"}
    assert connection.first_read_at is not None


@pytest.mark.parametrize("word", ["PrerequisiteNotMet", "SomethingNew"])
def test_a_type_that_was_left_out_is_no_success(connection, word):
    names = reads.wanted(connection)
    words = dict.fromkeys(names, "Complete") | {"bills": word}
    types = [{"connectionId": str(connection.codat_id), "dataType": name, "status": words[name]} for name in names]
    payload = {"referenceCompany": about_company(connection.company), "dataTypes": types}
    deliver(letter("read.completed.initial", payload))

    connection.refresh_from_db()
    connection.company.refresh_from_db()
    assert connection.first_read_at is not None
    assert connection.reads["bills"]["status"] == word
    assert connection.company.state == "partial"


def test_a_deleted_company_is_marked_with_all_its_connections(connection):
    company = connection.company
    deliver(letter("company.deleted", about_company(company)))

    company.refresh_from_db()
    connection.refresh_from_db()
    assert company.gone_at is not None
    assert connection.status == Status.DELETED


def test_a_removed_product_is_stored_and_told(connection):
    payload = about_company(connection.company) | {"productId": "payables", "products": ["lending"]}
    deliver(letter("company.product.removed", payload))

    connection.company.refresh_from_db()
    assert connection.company.codat_products == ["lending"]
    assert Event.objects.get(kind="product.removed").is_problem


@pytest.mark.parametrize(("ending", "is_problem"), [("successful", False), ("unsuccessful", True)])
def test_a_write_is_a_line_of_the_timeline_once(connection, ending, is_problem):
    payload = {"id": str(uuid4()), "type": "Create", "status": "Success", "connectionId": str(connection.codat_id)}
    (row,) = deliver(letter(f"bills.write.{ending}", payload | {"referenceCompany": about_company(connection.company)}))
    webhooks.replay(ids=[row.pk], is_dry_run=True)

    line = Event.objects.get(kind="write")
    assert (line.company, line.connection, line.is_problem) == (connection.company, connection, is_problem)
    assert line.facts["data_type"] == "bills"


def test_an_expense_sync_is_a_line_with_its_counts(connection):
    transactions = [
        {"id": "1", "status": "Completed"},
        {"id": "2", "status": "PushError", "errorMessage": "No account"},
    ]
    payload = {"referenceCompany": about_company(connection.company), "syncId": "s", "transactions": transactions}
    deliver(letter("expenses.sync.unsuccessful", payload))

    assert Event.objects.get(kind="expenses.sync").facts == {
        "sync": "s",
        "total": 2,
        "completed": 1,
        "messages": ["No account"],
    }


def test_the_rate_limit_events_feed_the_quota():
    reached = {
        "dailyQuota": 12000,
        "quotaRemaining": 0,
        "expiryDate": (timezone.now() + timedelta(hours=3)).isoformat(),
    }
    deliver(letter("client.rateLimit.reached", reached))
    assert quota.read().is_spent

    deliver(letter("client.rateLimit.reset", reached | {"quotaRemaining": 11993}))
    assert (quota.read().is_spent, quota.read().remaining) == (False, 11993)


def test_an_unknown_type_is_done_and_counted():
    (row,) = deliver(letter("something.new", {}))

    assert (row.outcome, row.done_at is not None) == ("unknown type", True)
    assert Tally.objects.get(name="webhook.unknown_type.something.new").count == 1


def test_events_of_others_are_done_and_change_nothing():
    stranger = {"referenceCompany": {"id": str(uuid4()), "name": "Other"}, "connection": {"id": str(uuid4())}}
    rows = deliver(letter("connection.connected", stranger), letter("company.deleted", {"id": str(uuid4())}))

    assert [(row.outcome, row.done_at is not None) for row in rows] == [("not ours", True), ("not ours", True)]


def test_an_event_with_our_tag_and_no_company_of_ours_is_parked():
    stranger = {
        "referenceCompany": {"id": str(uuid4()), "tags": {"uid": str(uuid4())}},
        "connection": {"id": str(uuid4())},
    }
    (row,) = deliver(letter("connection.connected", stranger))

    assert (row.outcome, row.parked_at is not None) == ("parked", True)
    assert "our tag" in row.error


def test_two_words_of_one_instant_are_settled_by_one_read(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Unlinked")
    sandbox.forget_requests()
    now = timezone.now()
    rows = deliver(
        told("connection.disconnected", connection, at=now),
        told("connection.reconnected", connection, at=now),
        told("connection.disconnected", connection, "Unlinked", at=now),
    )

    connection.refresh_from_db()
    assert (connection.status, {row.outcome for row in rows}) == ("Unlinked", {"asked"})
    assert len(sandbox.requests()) == 1


def test_an_unknown_status_is_kept_beside_and_settled_by_one_read(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.forget_requests()
    (row,) = deliver(told("connection.disconnected", connection, "Paused"))

    connection.refresh_from_db()
    assert (connection.status, connection.unknown_status, row.outcome) == ("Linked", "", "asked")
    assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("status", ["Linked", "Deleted", ""])
def test_an_event_that_contradicts_itself_is_settled_by_one_read(sandbox, status):
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Unlinked")
    (row,) = deliver(told("connection.disconnected", connection, status))

    connection.refresh_from_db()
    assert (connection.status, row.outcome) == ("Unlinked", "asked")


def test_a_connection_made_elsewhere_is_read_once_and_adopted(sandbox):
    known = factories.linked_connection(sandbox)
    made = sandbox.create_connection(str(known.company.codat_id), factories.QUICKBOOKS)
    other = Connection(codat_id=made, company=known.company, platform_key=factories.QUICKBOOKS)
    sandbox.forget_requests()
    rows = deliver(told("connection.created", other), told("connection.connected", other))

    adopted = Connection.objects.get(codat_id=made)
    assert (adopted.origin, adopted.status, {row.outcome for row in rows}) == ("elsewhere", "PendingAuth", {"adopted"})
    assert len(sandbox.requests()) == 1


def test_a_read_of_an_unknown_connection_is_noted_after_its_adoption(sandbox):
    known = factories.linked_connection(sandbox)
    made = sandbox.create_connection(str(known.company.codat_id), factories.QUICKBOOKS)
    types = [{"connectionId": made, "dataType": "bills", "status": "Complete"}]
    (row,) = deliver(letter("read.completed", {"referenceCompany": about_company(known.company), "dataTypes": types}))
    assert row.done_at is None

    webhooks.drain(now=timezone.now() + timedelta(seconds=1))
    assert Connection.objects.get(codat_id=made).reads["bills"]["status"] == "Complete"


def test_an_event_that_comes_before_our_own_row_waits_for_it(sandbox):
    connection = factories.linked_connection(sandbox)
    company = connection.company
    Company.objects.filter(pk=company.pk).update(held_until=timezone.now() + timedelta(minutes=1), held_by=uuid4())
    new = Connection(codat_id=uuid4(), company=company, platform_key=factories.XERO)
    sandbox.forget_requests()
    (row,) = deliver(told("connection.created", new))

    assert (row.done_at, row.parked_at) == (None, None)
    assert row.not_before > timezone.now()
    assert sandbox.requests() == []


def test_a_company_whose_create_lost_its_answer_is_found_by_its_event(sandbox):
    company = factories.company(factories.ana())
    made = sandbox.create_company(company.name, uid=str(company.uid))
    Company.objects.filter(pk=company.pk).update(create_asked_at=timezone.now())
    connection_id = sandbox.create_connection(made, factories.XERO)
    payload = {"referenceCompany": {"id": made, "tags": {"uid": str(company.uid)}}, "connection": {"id": connection_id}}
    (row,) = deliver(letter("connection.created", payload))

    webhooks.drain(now=timezone.now() + timedelta(seconds=1))
    company.refresh_from_db()
    assert str(company.codat_id) == made
    assert str(company.connections.get().codat_id) == connection_id
    assert Delivery.objects.get(pk=row.pk).outcome == "adopted"


def test_an_event_that_needs_codat_waits_while_codat_is_busy(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(429, Retry_After=90)
    (row,) = deliver(told("connection.disconnected", connection, ""))

    assert (row.done_at, row.parked_at, row.attempts) == (None, None, 0)
    assert row.not_before > timezone.now() + timedelta(seconds=80)


def test_a_time_without_fractions_within_the_second_of_our_read_is_settled_by_a_read(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Deauthorized")
    second = timezone.now().replace(microsecond=0)
    Connection.objects.filter(pk=connection.pk).update(seen_at=second.replace(microsecond=5), seen_by_read=True)
    (row,) = deliver(told("connection.disconnected", connection, at=second))

    connection.refresh_from_db()
    assert (connection.status, row.outcome) == ("Deauthorized", "asked")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_time_without_fractions_has_no_order_to_another_events_of_its_second(sandbox, at_once):
    """Codat may cut one time and not the other: which of them was later, only Codat knows."""
    connection = factories.linked_connection(sandbox)
    second = timezone.now().replace(microsecond=0) - timedelta(seconds=2)
    Connection.objects.filter(pk=connection.pk).update(seen_at=second - timedelta(minutes=1))
    cut = told("connection.disconnected", connection, at=second)
    exact = told("connection.reconnected", connection, at=second.replace(microsecond=5))
    sandbox.drift(str(connection.codat_id), "Deauthorized")
    rows = deliver(exact, cut) if at_once else [*deliver(exact), *deliver(cut)]

    connection.refresh_from_db()
    assert connection.status == "Deauthorized"
    assert rows[-1].outcome == "asked"


@pytest.mark.parametrize("event_type", ["connection.deleted", "connection.disconnected", "connection.connected"])
def test_a_batch_costs_the_same_for_one_and_for_three(event_type):
    assert queries_of_a_batch(event_type, 1) == queries_of_a_batch(event_type, 3) < 28


def queries_of_a_batch(event_type: str, count: int) -> int:
    company = factories.company(email=f"{count}@a.example", customer_id=f"{event_type} {count}")
    for connection in [factories.local_connection(company) for _ in range(count)]:
        body = told(event_type, connection)
        webhooks.accept(body, headers(body))
    webhooks.drain(now=timezone.now() - timedelta(hours=1))  # the first of all makes the row of whose turn it is
    with CaptureQueriesContext(database) as queries:
        assert webhooks.drain() == count
    return len(queries)
