"""Sweeps against the local Codat: what they find, what they cost, and what they never do."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding import codat
from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Alarm, Company, Connection, Event, Lease, Sweep
from onboarding.usecases import door, leases, sync
from onboarding.usecases.sync import unchanged
from onboarding.usecases.sync.sweeps import LEASE
from tests import factories
from tests.stacks import count
from tests.sync.both_sides import at_codat, same_as_codat

pytestmark = pytest.mark.django_db
COMPANIES = count(300, 100_000)


@pytest.fixture
def linked(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.forget_requests()
    return connection


@pytest.mark.parametrize("status", ["Deauthorized", "Unlinked", "PendingAuth"])
def test_silent_drift_is_found(sandbox, linked, status):
    sandbox.drift(str(linked.codat_id), status)

    assert sync.run() == "whole: 1 listed, 1 changed"
    linked.refresh_from_db()
    assert (linked.status, linked.seen_by_read) == (status, True)
    assert Sweep.objects.get().missed_by_webhook == 1
    assert len(sandbox.requests()) == 1


def test_what_did_not_change_is_marked_as_seen(sandbox, linked):
    before = linked.seen_at
    sync.run()

    linked.refresh_from_db()
    assert linked.seen_at > before
    assert not Event.objects.filter(source="sweep").exists()


def test_a_connection_deleted_at_codat_is_found_without_a_further_request(sandbox, linked):
    other = sandbox.create_connection(str(linked.company.codat_id), factories.QUICKBOOKS)
    sync.run()
    sandbox.webhooks(drop=True)
    sandbox.delete_connection(other)
    sandbox.forget_requests()
    sync.run()

    assert Connection.objects.get(codat_id=other).status == Status.DELETED
    assert len(sandbox.requests()) == 1


def test_a_connection_made_elsewhere_is_adopted(sandbox, linked):
    made = sandbox.create_connection(str(linked.company.codat_id), factories.QUICKBOOKS)
    sync.run()

    adopted = Connection.objects.get(codat_id=made)
    assert (adopted.origin, adopted.status) == ("elsewhere", "PendingAuth")


def test_a_company_whose_create_lost_its_answer_is_adopted_with_its_connections(sandbox):
    company = factories.company(factories.ana())
    made = sandbox.create_company(company.name, uid=str(company.uid))
    connection_id = sandbox.create_connection(made, factories.XERO)
    sync.run()

    company.refresh_from_db()
    assert str(company.codat_id) == made
    assert str(company.connections.get().codat_id) == connection_id


def test_companies_of_others_are_ignored(sandbox):
    sandbox.create_company("Somebody Else")
    sandbox.create_company("Another", uid="no-uuid")
    sandbox.create_company("A third", uid=str(uuid4()))

    assert sync.run() == "whole: 3 listed, 0 changed"
    assert not Company.objects.exists()


def test_a_company_deleted_at_codat_is_marked_after_one_more_question(sandbox, linked):
    sandbox.webhooks(drop=True)
    sandbox.delete_company(str(linked.company.codat_id))

    assert sync.run() == "whole: 0 listed, 1 changed"
    linked.company.refresh_from_db()
    linked.refresh_from_db()
    assert linked.company.gone_at is not None
    assert linked.status == Status.DELETED
    assert [request.status for request in sandbox.requests()] == [200, 404]
    sandbox.forget_requests()
    sync.run()
    assert len(sandbox.requests()) == 1  # it is not asked for again, and not made again


def test_a_company_that_moving_rows_hid_is_not_marked(sandbox):
    at_codat(sandbox, 450)
    sandbox.webhooks(drop=True)
    first = min(sandbox.companies(), key=lambda company: company["name"])["id"]

    def delete_one_between_the_pages(found) -> None:
        if found.listed and len(sandbox.companies()) == 450:  # the next two may have been read by now
            sandbox.delete_company(first)

    assert sync.run(tell=delete_one_between_the_pages).startswith("whole: 449 listed")
    assert Company.objects.filter(gone_at__isnull=False).count() == 0
    assert Sweep.objects.get().asked == 5 + 1  # a second look at the one that slid onto the page before
    sync.run()
    assert Company.objects.get(gone_at__isnull=False).codat_id == UUID(first)


def test_a_listing_that_breaks_off_marks_nothing_and_goes_on_later(sandbox):
    at_codat(sandbox, 250)
    sandbox.webhooks(drop=True)
    sandbox.delete_company(sandbox.companies()[-1]["id"])
    sandbox.next_answer(503, path="page=2", times=4)
    with pytest.raises(codat.Unreachable):
        sync.run()
    sweep = Sweep.objects.get()
    assert (sweep.next_page, sweep.finished_at, sweep.gone) == (2, None, 0)
    sandbox.forget_requests()

    sync.run()
    assert Company.objects.filter(gone_at__isnull=False).count() == 1
    assert [request.query[:6] for request in sandbox.requests()][:2] == ["page=2", "page=3"]


@pytest.mark.parametrize("status", [404, 400])
def test_a_page_that_is_refused_ends_the_sweep_as_partial(sandbox, status):
    at_codat(sandbox, 150)
    sandbox.next_answer(status, path="page=2", times=None)
    with pytest.raises(codat.Refused):
        sync.run()

    sweep = Sweep.objects.get()
    assert (sweep.is_whole, sweep.finished_at is not None, str(status) in sweep.error) == (False, True, True)
    assert Company.objects.filter(gone_at__isnull=False).count() == 0


def test_an_endless_list_ends_the_sweep_as_partial(sandbox):
    at_codat(sandbox, 250)
    sandbox.settings(endless_pages=True)

    assert sync.run().startswith("partial")
    assert len(sandbox.requests()) == 3  # one was on its way when the second repeated the first
    assert Company.objects.filter(gone_at__isnull=False).count() == 0


def test_more_missing_than_customers_leave_marks_nothing_and_sounds_an_alarm(sandbox):
    at_codat(sandbox, 60)
    sandbox.reset()

    sync.run()
    assert Company.objects.filter(gone_at__isnull=False).count() == 0
    assert Alarm.objects.get(cleared_at=None).name == "sweep.many_missing"


def test_a_newer_event_survives_an_older_page(sandbox, linked):
    sandbox.drift(str(linked.codat_id), "Unlinked")
    told = Observation("Deauthorized", timezone.now() + timedelta(minutes=1), Source.WEBHOOK)
    door.record({linked.pk: told})
    sync.run()

    linked.refresh_from_db()
    assert linked.status == "Deauthorized"


def test_a_stopped_sweep_goes_on_where_it_was(sandbox):
    at_codat(sandbox, 250)

    assert sync.run(budget_seconds=0) == "stopped before page 1"

    def stop(found) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync.run(tell=stop)
    assert Sweep.objects.get().next_page == 2
    assert sync.run() == "whole: 250 listed, 0 changed"


def test_two_sweeps_never_run_at_once_and_a_dead_holder_loses_its_lease(sandbox, linked):
    Lease.objects.create(name="sweep", held_by=uuid4(), held_until=timezone.now() + timedelta(minutes=3))
    with pytest.raises(sync.AlreadyRunning):
        sync.run()

    Lease.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert sync.run().startswith("whole")


def test_a_lease_taken_by_a_clock_that_was_ahead_ends_with_the_wrong_clock():
    leases.take("sweep", LEASE, timezone.now() + timedelta(hours=1))

    assert leases.take("sweep", LEASE)


def test_a_429_in_the_middle_stops_the_sweep_and_it_goes_on_after_the_wait(sandbox):
    at_codat(sandbox, 250)
    sandbox.next_answer(429, path="page=2", Retry_After=1)
    with pytest.raises(codat.Busy):
        sync.run()
    assert sync.sweep_if_due(budget_seconds=5).startswith("stopped: ")

    time.sleep(1.1)
    assert sync.sweep_if_due(budget_seconds=5).startswith("whole")


def test_a_sweep_is_due_once_an_interval(sandbox, linked):
    now = timezone.now()
    assert sync.sweep_if_due(budget_seconds=5, now=now).startswith("whole")
    assert sync.sweep_if_due(budget_seconds=5, now=now + timedelta(minutes=59)) == "not due"
    assert sync.sweep_if_due(budget_seconds=5, now=now + timedelta(minutes=61)).startswith("whole")


def test_sweeps_take_at_most_a_tenth_of_a_small_day(sandbox):
    at_codat(sandbox, 1)
    Sweep.objects.create(started_at=timezone.now(), finished_at=timezone.now(), is_whole=True, asked=50)

    assert sync.interval() == timedelta(hours=12)  # 50 of 100 requests


def test_a_sweep_leaves_the_reserve_to_customers(sandbox, linked):
    sandbox.quota(daily=100, used=90)
    with pytest.raises(codat.Busy):
        [sync.run() for _ in range(3)]

    assert all(request.status == 200 for request in sandbox.requests())


def test_a_page_costs_the_same_for_one_company_and_for_three(sandbox):
    assert queries_of_a_sweep(sandbox, 1) == queries_of_a_sweep(sandbox, 3) < 40


def test_pages_as_we_know_them_cost_a_statement_each_and_the_gate_a_fraction(sandbox):
    at_codat(sandbox, 300, 1.2)
    sync.run()
    with CaptureQueriesContext(database) as queries:
        sync.run()

    texts = [query["sql"] for query in queries]
    of_a_page = 1 if database.vendor == "postgresql" else 2
    assert len([text for text in texts if " told" in text or " listed" in text]) == 3 * of_a_page
    assert len([text for text in texts if "UPDATE" in text.split()[:1] and "onboarding_quota" in text]) <= 2


def test_a_connection_seen_later_than_the_page_is_left_alone_and_is_no_news(sandbox, linked):
    later = timezone.now() + timedelta(minutes=1)
    Connection.objects.update(seen_at=later, seen_by_read=False)
    with CaptureQueriesContext(database) as queries:
        sync.run()

    linked.refresh_from_db()
    assert (linked.seen_at, linked.seen_by_read) == (later, False)
    assert not [query for query in queries if "FOR UPDATE" in query["sql"] and "onboarding_connection" in query["sql"]]


def glimpse_of(connection, name: str = "A", products: tuple[str, ...] = ("payables",)) -> codat.Glimpse:
    return codat.Glimpse.from_json(
        {
            "id": str(connection.company.codat_id),
            "name": name,
            "products": list(products),
            "tags": {},
            "dataConnections": [{"id": str(connection.codat_id), "status": "Linked", "sourceType": "Accounting"}],
        }
    )


def odd(*listed: codat.Glimpse) -> list[codat.Glimpse]:
    return unchanged.confirm(unchanged.question(listed, database.vendor), timezone.now())


@pytest.mark.parametrize(
    "name", ['The "Quoted" Ltd', "Back\\slash \\n", "{Braces}, {and}, NULL", "NULL", "Näme ✓ % %s", "two\nlines"]
)
def test_a_name_of_any_letters_is_as_we_know_it_and_told_from_another(linked, name):
    Company.objects.update(codat_name=name, codat_products=["payables", 'the "new" one'])
    known, other = (glimpse_of(linked, each, ("payables", 'the "new" one')) for each in (name, f"{name}x"))

    assert (odd(known), odd(other)) == ([], [other])


@pytest.mark.parametrize(("products", "is_odd"), [(["payables"], False), (["payables-v2"], True), ([], True)])
def test_a_company_without_a_name_that_its_product_has_at_codat_is_odd(linked, products, is_odd):
    Company.objects.update(codat_name="A", codat_products=products)

    assert bool(odd(glimpse_of(linked, products=products))) is is_odd


def test_a_name_that_no_database_takes_holds_up_no_sweep(sandbox):
    company = factories.company()
    codat_id = sandbox.create_company(company.name, uid=str(company.uid))
    Company.objects.filter(pk=company.pk).update(codat_id=codat_id)
    told = {"id": codat_id, "name": "A \x00 Ltd", "products": [], "tags": {}, "dataConnections": []}
    page = {"results": [told], "pageNumber": 1, "pageSize": 100, "totalResults": 1, "_links": {}}
    sandbox.next_answer(200, path="^/companies", body=page)

    assert sync.run().startswith("whole: 1 listed")
    assert Company.objects.get().codat_name == "A \ufffd Ltd"


def test_an_empty_page_differs_in_nothing():
    assert odd() == []


def queries_of_a_sweep(sandbox, count: int) -> int:
    """With every connection changed."""
    at_codat(sandbox, count)
    sync.run()
    for company in sandbox.companies():
        sandbox.drift(company["connections"][0]["id"], "PendingAuth")
    with CaptureQueriesContext(database) as queries:
        sync.run()
    assert same_as_codat(sandbox)
    Connection.objects.all().delete()
    Company.objects.all().delete()
    sandbox.reset()
    return len(queries)


@pytest.mark.timeout(count(120, 3600))
def test_a_thousand_drifted_connections_agree_after_one_sweep_at_the_least_cost(sandbox):
    """In full, a thousand of 120,000 are wrong; compared is every one of them."""
    sandbox.quota(daily=1_000_000)
    at_codat(sandbox, COMPANIES, 1.2)
    ids = [each["id"] for company in sandbox.companies() for each in company["connections"]]
    ids = ids[:: count(7, len(ids) // 1000)]
    for number, connection_id in enumerate(ids):
        sandbox.drift(connection_id, ("PendingAuth", "Deauthorized", "Unlinked")[number % 3])
    sandbox.forget_requests()

    assert sync.run() == f"whole: {COMPANIES} listed, {len(ids)} changed"
    assert same_as_codat(sandbox)
    assert len(sandbox.requests()) == COMPANIES // 100


def test_a_company_without_its_product_sounds_an_alarm(sandbox, linked):
    sandbox.settings(products=["lending"])
    made = sandbox.create_company("No product")
    Company.objects.filter(pk=linked.company.pk).update(codat_id=made)
    sync.run()

    assert Alarm.objects.get(name="product.missing").facts["some"] == [linked.company.ref]


def test_a_company_whose_connections_are_all_deleted_needs_no_second_look(sandbox, linked):
    sandbox.delete_connection(str(linked.codat_id))
    [sync.run() for _ in range(2)]
    sandbox.forget_requests()

    sync.run()
    assert len(sandbox.requests()) == 1
