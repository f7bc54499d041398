"""Onboarding a file, against Codat over real HTTP: once for each row, whatever happens on the way."""

from datetime import timedelta
from threading import Thread

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from onboarding.models import Batch, Company, Connection, Invitation, Mail, RowStatus
from onboarding.usecases import bulk, companies
from tests.bulk.files import COMMAND, accepted, csv_of, good_rows
from tests.factories import enable_platforms
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def finished(batch: Batch) -> bulk.Progress:
    """Work as a command does, until nothing waits; rows that come again are made due at once."""
    while (told := bulk.progress(batch)).state == "running":
        batch.rows.filter(status=RowStatus.WAITING, attempts__gt=0).update(not_before=batch.created_at)
        bulk.work(batch)
    return told


def uids_at_codat(sandbox: Sandbox) -> list[str]:
    return sorted(told["tags"]["uid"] for told in sandbox.companies())


def our_uids() -> list[str]:
    return sorted(str(uid) for uid in Company.objects.values_list("uid", flat=True))


def test_every_row_becomes_one_company_at_codat(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(40)))

    bulk.drain()

    assert uids_at_codat(sandbox) == our_uids()
    assert len(sandbox.requests()) == 40
    assert bulk.progress(batch).done == 40
    assert bulk.progress(batch).state == "finished"


def test_tags_and_cleaned_names_reach_codat(sandbox: Sandbox) -> None:
    row = ("c-1", "Café Élan [Paris]", "a@b.example", "expenses", "north", "Europe/Paris")
    batch = accepted(csv_of([row], header=("customer_id", "name", "email", "product", "tag:region", "time_zone")))

    bulk.work(batch)

    company = Company.objects.get()
    assert (company.name, company.codat_name, company.time_zone) == ("Café Élan [Paris]", "Cafe Elan Paris", row[5])
    assert sandbox.companies()[0]["tags"] == {"region": "north", "uid": str(company.uid)}
    assert batch.rows.get().reason == "Created. Codat keeps “Cafe Elan Paris” of the name."


@pytest.mark.parametrize("kind", ["lose", "late", "error", "garbled"])
def test_lost_answers_make_no_second_company(sandbox: Sandbox, kind: str) -> None:
    batch = accepted(csv_of(good_rows(30)))
    if kind == "lose":
        sandbox.lose_answer("POST", times=None, every=7)
    elif kind == "error":
        sandbox.next_answer(500, method="POST", times=None, every=7, after_effect=True)
    elif kind == "garbled":
        sandbox.garble("json", "POST", times=None, every=7)
    else:
        sandbox.next_answer(503, method="POST", times=None, every=7)

    told = finished(batch)

    assert (told.done, told.failed) == (30, 0)
    assert uids_at_codat(sandbox) == our_uids()
    assert len(sandbox.requests(method="GET")) <= len(sandbox.requests(method="POST")) - 25


def test_company_that_codat_has_already_is_left_alone(sandbox: Sandbox) -> None:
    company = companies.create(customer_id="cust-1", name="Old", email="x@y.example", product="expenses", by=COMMAND)
    companies.ensure(company, by=COMMAND)
    sandbox.forget_requests()

    batch = accepted(csv_of(good_rows(2)))
    bulk.work(batch)

    first = batch.rows.get(line=2)
    assert (first.status, first.company) == (RowStatus.SKIPPED, company)
    assert first.reason.startswith(f"Onboarded already, as {company.ref}. Its email")
    assert len(sandbox.requests()) == 1


def test_company_here_but_not_at_codat_is_made_there(sandbox: Sandbox) -> None:
    companies.create(customer_id="cust-1", name="Old", email="x@y.example", product="expenses", by=COMMAND)

    batch = accepted(csv_of(good_rows(1)))
    bulk.work(batch)

    assert bulk.progress(batch).done + bulk.progress(batch).skipped == 1
    assert uids_at_codat(sandbox) == our_uids()


def test_deleted_at_codat_is_not_made_again(sandbox: Sandbox) -> None:
    company = companies.create(customer_id="cust-1", name="Old", email="x@y.example", product="expenses", by=COMMAND)
    companies.ensure(company, by=COMMAND)
    batch = accepted(csv_of(good_rows(1)), invite=True)
    Company.objects.update(gone_at=batch.created_at)

    bulk.work(batch)

    assert (batch.rows.get().status, len(sandbox.companies())) == (RowStatus.FAILED, 1)
    assert "deleted at Codat" in batch.rows.get().reason


def test_same_file_again_asks_nothing(sandbox: Sandbox) -> None:
    content = csv_of(good_rows(5))
    first = accepted(content)
    bulk.work(first)
    sandbox.forget_requests()

    again = accepted(content)
    bulk.work(again)

    assert again.pk == first.pk
    assert sandbox.requests() == []


def test_same_file_again_tries_what_failed_once_more(sandbox: Sandbox) -> None:
    content = csv_of(good_rows(3))
    sandbox.next_answer(400, method="POST")
    batch = accepted(content)
    bulk.work(batch)
    assert bulk.progress(batch).failed == 1

    bulk.work(accepted(content))

    assert bulk.progress(batch).done == 3
    assert uids_at_codat(sandbox) == our_uids()


@pytest.mark.parametrize(("status", "word"), [(401, "API key"), (402, "limit"), (403, "allow"), (451, "blocked")])
def test_refusal_that_concerns_all_stops_at_once(sandbox: Sandbox, status: int, word: str) -> None:
    batch = accepted(csv_of(good_rows(60)))
    sandbox.next_answer(status, method="POST", times=None)

    bulk.work(batch)

    told = bulk.progress(batch)
    assert (told.state, told.waiting, told.failed) == ("stopped", 60, 0)
    assert word in told.error
    assert len(sandbox.requests()) <= 8 + 1


def test_stopped_by_a_refusal_goes_on_where_it_was(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(20)))
    sandbox.settings(company_limit=7)
    bulk.work(batch)
    assert bulk.progress(batch).done == 7

    sandbox.settings(company_limit=None)
    sandbox.forget_requests()
    bulk.resume(batch, by=COMMAND)
    bulk.work(batch)

    assert bulk.progress(batch).done == 20
    assert (len(sandbox.requests()), uids_at_codat(sandbox)) == (13, our_uids())


def test_used_up_day_pauses_and_keeps_the_reserve(sandbox: Sandbox) -> None:
    sandbox.quota(daily=100, used=60)
    batch = accepted(csv_of(good_rows(40)))

    bulk.work(batch)

    told = bulk.progress(batch)
    assert (told.state, told.failed) == ("paused", 0)
    assert 20 <= told.done <= 28  # 12 of the 100 are kept for customers
    assert told.paused_until is not None and told.paused_until.hour == 0
    assert sandbox.counts()["companies"] == told.done


def test_paused_batch_goes_on_as_soon_as_codat_allows(sandbox: Sandbox) -> None:
    sandbox.quota(daily=100, used=95)
    batch = accepted(csv_of(good_rows(20)))
    bulk.work(batch)
    assert bulk.progress(batch).state == "paused"

    sandbox.quota(daily=1000)
    companies.find_at_codat(Company.objects.first(), bulk_click())
    bulk.drain()

    assert bulk.progress(batch).done == 20
    assert uids_at_codat(sandbox) == our_uids()


def bulk_click() -> companies.Errand:
    return companies.Errand.CLICK


def test_busy_codat_is_asked_by_nobody_until_it_allows(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(30)))
    sandbox.next_answer(429, method="POST", times=8, Retry_After=120)

    bulk.work(batch)

    told = bulk.progress(batch)
    assert (told.state, told.failed) == ("paused", 0)
    assert len(sandbox.requests()) <= 16
    assert not Company.objects.filter(create_asked_at__isnull=False).exists()


def test_stop_keeps_the_place_and_resume_goes_on(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(40)))
    sandbox.settings(latency_seconds=0.05)

    bulk.work(batch, is_stopped=lambda: sandbox.counts()["companies"] > 10)
    bulk.stop(batch, by=COMMAND)

    told = bulk.progress(batch)
    assert told.state == "stopped" and 10 < told.done < 40
    assert not Company.objects.exclude(held_by=None).exists()
    bulk.resume(batch, by=COMMAND)
    bulk.work(batch)
    assert bulk.progress(batch).done == len(sandbox.requests()) == 40


def test_two_at_once_share_the_rows(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(60)))

    def run() -> None:
        try:
            bulk.work(batch)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert finished(batch).done == 60
    assert uids_at_codat(sandbox) == our_uids()


def test_link_prepares_the_named_platforms(sandbox: Sandbox) -> None:
    enable_platforms()
    rows = [(*row, platform) for row, platform in zip(good_rows(3), ("xero", "qhyg", ""), strict=True)]
    batch = accepted(csv_of(rows, header=("customer_id", "name", "email", "product", "platform")), link=True)

    bulk.work(batch)

    assert bulk.progress(batch).done == 3
    assert sorted(Connection.objects.values_list("platform_key", "status")) == [
        ("gbol", "PendingAuth"),
        ("qhyg", "PendingAuth"),
    ]
    assert len(sandbox.requests()) == 5


def test_platform_that_is_off_fails_its_row_alone(sandbox: Sandbox) -> None:
    enable_platforms(off=("gbol",))
    rows = [(*row, platform) for row, platform in zip(good_rows(2), ("xero", "qhyg"), strict=True)]
    batch = accepted(csv_of(rows, header=("customer_id", "name", "email", "product", "platform")), link=True)

    bulk.work(batch)

    told = bulk.progress(batch)
    assert (told.done, told.failed) == (1, 1)
    assert batch.rows.get(status=RowStatus.FAILED).reason.startswith("At Codat, but not finished:")
    assert uids_at_codat(sandbox) == our_uids()


def test_invite_writes_one_mail_for_each_row_however_often_it_runs(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(5)), invite=True)
    bulk.work(batch)
    batch.rows.update(status=RowStatus.WAITING, not_before=batch.created_at)
    Batch.objects.update(finished_at=None)

    bulk.work(batch)

    assert bulk.progress(batch).done == 5
    assert Invitation.objects.count() == Mail.objects.filter(kind="invitation").count() == 5


def test_customers_are_served_while_bulk_waits(sandbox: Sandbox) -> None:
    sandbox.quota(daily=100, used=80)
    batch = accepted(csv_of(good_rows(30)))
    bulk.work(batch)
    told = bulk.progress(batch)
    assert (told.state, told.done <= 8) == ("paused", True)
    waiting = Company.objects.filter(codat_id=None)[:12]

    for company in waiting:  # exactly the reserve
        companies.ensure(company, by=COMMAND, errand=companies.Errand.CLICK)

    assert Company.objects.exclude(codat_id=None).count() == told.done + 12


def test_new_day_is_used_at_once(sandbox: Sandbox) -> None:
    sandbox.quota(daily=30, used=20)
    batch = accepted(csv_of(good_rows(12)))
    bulk.work(batch)
    paused = bulk.progress(batch).paused_until
    assert paused is not None and bulk.progress(batch).done < 12

    after_midnight = paused + timedelta(seconds=10)
    sandbox.clock((after_midnight - timezone.now()).total_seconds())
    with time_machine.travel(after_midnight, tick=True):
        bulk.drain()

    assert bulk.progress(batch).done == 12
