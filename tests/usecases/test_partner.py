"""The partner expense connection: made once after Linked, retried, missed, waited for."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from onboarding import queries
from onboarding.actors import CLOCK
from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Company, Connection, Event
from onboarding.usecases import connections, door, observing, partner, standing
from onboarding.wiring import Errand
from tests import factories
from tests.kit import Sandbox
from tests.usecases.following import follow_all
from tests.usecases.test_companies import in_thread

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_page_is_open")]


def expenses(sandbox: Sandbox, *, by_event: bool = False) -> Connection:
    if not by_event:
        return factories.linked_connection(sandbox, product="expenses")
    ana = factories.ana()
    connection = factories.started(factories.company(ana, product="expenses"), ana)
    sandbox.authorise(str(connection.codat_id), reads=False)
    door.record({connection.pk: Observation("Linked", timezone.now(), Source.WEBHOOK)})
    return connection


def test_the_partner_connection_is_made_once_after_linked(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.forget_requests()

    follow_all()

    made = queries.partner_of(connection.company)
    assert made is not None and made.status == Status.LINKED
    assert len(sandbox.requests("partnerExpense", "POST")) == 1
    assert sandbox.requests(f"connections/{connection.codat_id}$", "GET") == []


def test_news_of_linked_is_read_once_before_the_partner_is_made(sandbox: Sandbox) -> None:
    connection = expenses(sandbox, by_event=True)
    sandbox.forget_requests()

    follow_all()

    assert len(sandbox.requests(f"connections/{connection.codat_id}$", "GET")) == 1
    assert len(sandbox.requests("partnerExpense", "POST")) == 1


def test_a_forged_linked_makes_no_partner(sandbox: Sandbox) -> None:
    ana = factories.ana()
    connection = factories.started(factories.company(ana, product="expenses"), ana)
    door.record({connection.pk: Observation("Linked", timezone.now(), Source.WEBHOOK)})

    follow_all()

    connection.refresh_from_db()
    assert connection.status == Status.PENDING_AUTH
    assert sandbox.requests("partnerExpense") == []


def test_a_lost_answer_to_the_partner_makes_no_second(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.lose_answer("POST", "partnerExpense")

    follow_all()
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        follow_all()

    [company] = sandbox.companies()
    assert len(company["connections"]) == 2
    assert queries.partner_of(connection.company).status == Status.LINKED


def test_a_refused_partner_holds_up_no_first_read(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.next_answer(400, path="partnerExpense", times=None)
    sandbox.reads(str(connection.company.codat_id), "Complete")

    follow_all()
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        follow_all()

    connection.refresh_from_db()
    assert connection.first_read_at is not None
    assert Event.objects.filter(kind="partner.failed", is_problem=True).exists()


@pytest.mark.parametrize(("status", "word", "state"), [(400, "Complete", "linked"), (503, "FetchError", "partial")])
def test_a_missing_partner_needs_somebody_until_it_is_made(
    sandbox: Sandbox, status: int, word: str, state: str
) -> None:
    company = expenses(sandbox).company
    sandbox.next_answer(status, path="partnerExpense", times=None)
    sandbox.reads(str(company.codat_id), "Complete", suppliers=word)

    needs = []
    for minutes in (0, 61, 180):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            follow_all()
            standing.refresh_needs()
        company.refresh_from_db()
        needs.append((company.needs, company.turn == 0))

    assert (company.state, needs) == (state, [("", False), ("", False), ("no_partner", True)])

    sandbox.no_more_trouble()
    partner.retry(company, by=CLOCK)
    company.refresh_from_db()
    assert company.needs == ""


def test_staff_retry_the_partner(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.next_answer(400, path="partnerExpense")
    follow_all()

    partner.retry(connection.company, by=CLOCK)

    assert queries.partner_of(connection.company).status == Status.LINKED


def test_a_partner_that_came_too_late_is_asked_for_at_once_after_the_reconnect(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.next_answer(400, path="partnerExpense")
    follow_all()
    connections.unlink(connection, by=CLOCK)

    sandbox.authorise(str(connection.codat_id), reads=False)
    observing.read(connection, by=CLOCK, errand=Errand.FOLLOW)
    follow_all()

    assert queries.partner_of(connection.company).status == Status.LINKED


@pytest.mark.django_db(transaction=True)
def test_disconnecting_waits_for_the_partner_that_is_being_made(sandbox: Sandbox) -> None:
    connection = expenses(sandbox)
    sandbox.slow(0.5, path="partnerExpense")  # its effect comes after the wait
    making = threading.Thread(target=in_thread, args=(partner.create, connection), kwargs={"by": CLOCK})
    making.start()
    while not Company.objects.filter(held_by__isnull=False).exists():
        assert making.is_alive()

    connections.unlink(Connection.objects.get(pk=connection.pk), by=CLOCK)
    making.join()

    assert [request.status for request in sandbox.requests("partnerExpense")] == [200]
    assert [connection["status"] for connection in sandbox.companies()[0]["connections"]] == ["Unlinked", "Linked"]
