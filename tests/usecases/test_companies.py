"""Customers, and the one company that each has at Codat."""

import re
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection as database
from django.utils import timezone

from onboarding import codat
from onboarding.actors import CLOCK
from onboarding.errors import NoNameLeft, NotNow, StillWorking, Taken
from onboarding.lifecycle import Status
from onboarding.models import Company, Event
from onboarding.usecases import companies
from onboarding.wiring import Errand
from tests import factories
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db


def ensure(company: Company) -> Company:
    return companies.ensure(company, by=CLOCK, errand=Errand.CLICK)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Marlow Street Bakery Ltd", "Marlow Street Bakery Ltd"),
        ("Example Company (Codat[1])", "Example Company Codat1"),
        ("Café Élan", "Cafe Elan"),
        ("O’Brien & Sons", "O'Brien & Sons"),
        ("  Two   spaces ", "Two spaces"),
        ("株式会社", ""),
    ],
)
def test_cleaned_name(name: str, kept: str) -> None:
    assert companies.cleaned_name(name) == kept


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Marlow Street Bakery Ltd", "MSB"), ("Toft Stores", "TFT"), ("Élan Café", "ELA"), ("Oil & Ink", "")],
)
def test_reference_takes_letters_of_the_name(name: str, letters: str) -> None:
    made = companies.reference(name)

    assert re.fullmatch(r"[A-HJ-NP-Z]{3}-\d{4}", made)
    assert made.startswith(letters)


def test_a_customer_id_is_taken_once() -> None:
    factories.company(customer_id="c-1")

    with pytest.raises(Taken):
        factories.company(customer_id="c-1")

    assert Company.objects.count() == 1


def test_ensure_creates_at_codat_with_our_tag(sandbox: Sandbox) -> None:
    company = ensure(factories.company(name="Toft (Stores)", tags={"region": "uk"}))

    [told] = sandbox.companies()
    assert (company.codat_id, company.codat_name) == (UUID(told["id"]), "Toft Stores")
    assert told["tags"] == {"region": "uk", "uid": str(company.uid)}
    assert company.name == "Toft (Stores)"


def test_ensure_twice_asks_codat_once(sandbox: Sandbox) -> None:
    ensure(ensure(factories.company()))

    assert len(sandbox.requests()) == 1


def test_a_lost_answer_is_looked_up_by_tag(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.lose_answer("POST", "/companies")

    with pytest.raises(codat.Unreachable):
        ensure(company)
    again = ensure(company)

    assert [str(again.codat_id)] == [told["id"] for told in sandbox.companies()]
    assert [request.method for request in sandbox.requests()] == ["POST", "GET"]


def test_an_error_after_the_work_was_done_is_healed_in_the_same_click(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.next_answer(500, method="POST", path="/companies", after_effect=True)

    made = ensure(company)

    assert [str(made.codat_id)] == [told["id"] for told in sandbox.companies()]


def test_an_error_before_the_work_needs_a_new_key(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.next_answer(500, method="POST", path="/companies")

    with pytest.raises(codat.Unreachable):
        ensure(company)
    ensure(company)

    keys = [request.idempotency_key for request in sandbox.requests(method="POST")]
    assert len(set(keys)) == 2
    assert len(sandbox.companies()) == 1


def test_busy_keeps_the_key_and_needs_no_look(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.next_answer(429, method="POST", Retry_After=0)

    with pytest.raises(codat.Busy):
        ensure(company)
    ensure(company)

    posts = sandbox.requests(method="POST")
    assert posts[0].idempotency_key == posts[1].idempotency_key
    assert sandbox.requests(method="GET") == []


def test_the_company_limit_leaves_nothing_half_written(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.next_answer(402, method="POST")

    with pytest.raises(codat.Refused) as caught:
        ensure(company)

    company.refresh_from_db()
    assert caught.value.is_limit
    assert (company.codat_id, company.create_key, company.create_asked_at) == (None, None, None)


def test_a_name_without_letters_is_refused_before_sending(sandbox: Sandbox) -> None:
    with pytest.raises(NoNameLeft):
        ensure(factories.company(name="株式会社"))

    assert sandbox.requests() == []


def test_gone_marks_the_company_and_its_connections(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.delete_company(str(connection.company.codat_id))

    companies.note_gone(connection.company, at=timezone.now(), by=CLOCK)
    companies.note_gone(connection.company, at=timezone.now(), by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.DELETED
    assert Event.objects.filter(kind="gone").count() == 1


def test_gone_marks_connections_that_a_clock_says_were_seen_later(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    companies.note_gone(connection.company, at=timezone.now() - timedelta(minutes=4), by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.DELETED


def test_a_product_changes_only_before_linking() -> None:
    company = factories.company()
    companies.change(company, by=CLOCK, product="expenses", name="New name")
    factories.local_connection(company)

    with pytest.raises(NotNow):
        companies.change(company, by=CLOCK, product="bill_pay_sync")

    company.refresh_from_db()
    assert (company.product, company.name) == ("expenses", "New name")
    assert Event.objects.filter(kind="company.changed").count() == 2


def test_a_person_is_added_once_and_never_made_less() -> None:
    company = factories.company()

    first = companies.add_person(company, "Ana@Marlow.example", by=CLOCK)
    again = companies.add_person(company, "ana@marlow.example", by=CLOCK, role="connector")

    assert first == again
    assert company.memberships.get().role == "member"


@pytest.mark.django_db(transaction=True)
def test_one_process_at_a_time_acts_for_a_company() -> None:
    company = factories.company()

    with companies.held(company), pytest.raises(StillWorking), companies.held(company, wait_seconds=0.2):
        pass

    with companies.held(company, wait_seconds=0) as fresh:
        assert fresh.pk == company.pk


def test_what_nobody_may_be_kept_from_goes_ahead_and_leaves_the_others_claim() -> None:
    company = factories.company()

    with companies.held(company), companies.held_if_free(company, wait_seconds=0):
        pass

    with companies.held_if_free(company), pytest.raises(StillWorking), companies.held(company, wait_seconds=0):
        pass
    company.refresh_from_db()
    assert company.held_by is None


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_company(sandbox: Sandbox) -> None:
    company = factories.company()
    sandbox.slow(0.3, method="POST", path="/companies", times=None)

    both = [threading.Thread(target=in_thread, args=(ensure, company)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert len(sandbox.companies()) == 1
    assert len(sandbox.requests(method="POST")) == 1


def in_thread(work, *arguments, **named) -> None:  # type: ignore[no-untyped-def]
    """A thread's own database connection is closed behind it."""
    try:
        work(*arguments, **named)
    finally:
        database.close()
