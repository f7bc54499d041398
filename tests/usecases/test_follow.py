"""The one next thing: lost creates, pendings, first reads, organisations, quiet access."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from onboarding.actors import CLOCK
from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Connection, Mail
from onboarding.tasks import follow_connections
from onboarding.usecases import connections, door, follow, observing, reads, standing
from onboarding.wiring import Errand
from tests import factories
from tests.kit import Sandbox
from tests.usecases.following import follow_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_page_is_open")]


def test_a_pending_one_is_looked_at_ever_more_rarely_and_then_no_more(sandbox: Sandbox) -> None:
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.forget_requests()

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(200):
            clock.shift(timedelta(minutes=30))
            follow_connections()

    connection.refresh_from_db()
    assert len(sandbox.requests()) == 4
    assert connection.look_at is None


def test_a_lost_connected_event_is_found_by_the_look_after_return(sandbox: Sandbox) -> None:
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.authorise(str(connection.codat_id), reads=False)

    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        follow_connections()

    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_a_lost_create_is_found_by_the_worker(sandbox: Sandbox) -> None:
    ana = factories.ana()
    factories.enable_platforms()
    company = factories.company(ana)
    sandbox.lose_answer("POST", "/connections$")
    with pytest.raises(connections.codat.Unreachable):
        connections.start(company, factories.XERO, by=CLOCK)
    Connection.objects.update(look_at=timezone.now())

    follow_all()

    assert company.connections.get().status == Status.PENDING_AUTH


def test_the_first_read_of_synchronous_bill_pay_is_one_live_call(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox, product="bill_pay_sync")
    sandbox.forget_requests()

    follow_all()

    connection.refresh_from_db()
    assert connection.first_read_at is not None
    assert connection.organisation
    assert len(sandbox.requests()) == 1
    assert "payables/info" in sandbox.requests()[0].path


def test_books_without_a_name_are_not_asked_for_it_over_and_over(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox, product="bill_pay_sync")
    sandbox.forget_requests()
    nameless = {"companyName": None, "baseCurrency": None}
    sandbox.next_answer(200, path="payables/info", body=nameless, times=None)

    follow_all(10)

    connection.refresh_from_db()
    assert connection.first_read_at is not None
    assert len(sandbox.requests("payables/info")) <= 2


def test_the_first_read_is_asked_after_while_its_page_is_open(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    follow_all()
    sandbox.forget_requests()
    sandbox.reads(str(connection.company.codat_id), "Fetching", bills="Complete")
    follow.note_open(connection)

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        follow.note_open(connection)
        follow.wake_open(timezone.now() - timedelta(seconds=31))
        follow_connections()

    connection.refresh_from_db()
    assert reads.progress_of(connection) == (1, 7)
    assert len(sandbox.requests("dataStatus")) == 1


def hours_pass(*hours: int) -> None:
    for hour in hours:
        with time_machine.travel(timezone.now() + timedelta(hours=hour, minutes=1)):
            follow_all(2)


def test_the_end_of_the_first_read_is_noted_once_with_a_mail(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), "Complete", paymentMethods="NotSupported")

    hours_pass(1, 2, 3)

    connection.refresh_from_db()
    connection.company.refresh_from_db()
    assert connection.company.state == "linked"
    assert reads.progress_of(connection) == (6, 6)
    assert connection.history.filter(kind="read").count() == 1
    assert Mail.objects.filter(kind="connected", company=connection.company).count() == 1
    assert connection.organisation


def test_the_name_is_read_anew_after_a_reconnect_for_the_file_may_be_another(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), "Complete")
    hours_pass(1, 2, 3)
    connection.refresh_from_db()
    before = connection.organisation

    sandbox.deauthorise(str(connection.codat_id))
    observing.read(connection, by=CLOCK, errand=Errand.FOLLOW)
    sandbox.authorise(str(connection.codat_id), organisation="Quite Another Company")
    observing.read(connection, by=CLOCK, errand=Errand.FOLLOW)
    sandbox.reads(str(connection.company.codat_id), "Complete")
    hours_pass(1, 2, 3)

    connection.refresh_from_db()
    assert before
    assert (connection.organisation_was, connection.organisation) == (before, "Quite Another Company")


def test_a_read_refused_for_want_of_access_expires_the_company(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)

    reads.note(connection, [reads.Outcome("bills", "AuthError", timezone.now())], by=CLOCK)

    connection.company.refresh_from_db()
    assert connection.company.state == "expired"


def test_news_of_the_first_read_may_come_before_connected(sandbox: Sandbox) -> None:
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    linked_at, read_at = timezone.now(), timezone.now() + timedelta(seconds=5)
    done = [reads.Outcome(name, "Complete", read_at) for name in reads.wanted(connection)]

    reads.note(connection, done, by=CLOCK, ended_at=read_at)
    door.record({connection.pk: Observation("Linked", linked_at, Source.WEBHOOK)})

    connection.refresh_from_db()
    connection.company.refresh_from_db()
    assert connection.first_read_at == read_at
    assert connection.company.state == "linked"


def test_a_read_that_ended_before_we_looked_counts_once(sandbox: Sandbox) -> None:
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.authorise(str(connection.codat_id), reads=False)
    read_at = timezone.now()
    observing.read(connection, by=CLOCK, errand=Errand.FOLLOW)
    done = [reads.Outcome(name, "Complete", read_at) for name in reads.wanted(connection)]

    for _ in range(2):
        reads.note(connection, done, by=CLOCK, ended_at=read_at)

    connection.refresh_from_db()
    assert connection.first_read_at == connection.linked_at > read_at
    assert connection.history.filter(kind="read").count() == 1


def test_a_read_of_the_last_authorisation_does_not_count(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    long_ago = connection.left_at - timedelta(minutes=1)

    reads.note(connection, [], by=CLOCK, ended_at=long_ago)

    connection.refresh_from_db()
    assert connection.first_read_at is None


def test_silent_access_is_kept_alive_and_told_of(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), "Complete")
    reads.ask_progress(connection)
    follow_all()
    sandbox.forget_requests()

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        follow_all(1)
    asked = len(sandbox.requests("data/queue", "POST"))
    with time_machine.travel(timezone.now() + timedelta(days=46)):
        follow_all(1)

    assert asked == 1
    assert Mail.objects.filter(kind="quiet").count() == 1


def test_a_read_of_weeks_ago_is_none_of_today(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), "Complete")
    reads.ask_progress(connection)
    read_at = Connection.objects.get().last_read_at

    with time_machine.travel(timezone.now() + timedelta(days=46)):
        reads.ask_progress(connection)
        quiet_days = standing.quiet_days(Connection.objects.get(), timezone.now())

    assert Connection.objects.get().last_read_at == read_at
    assert quiet_days == 46


def test_what_was_read_before_a_reconnect_does_not_end_its_first_read(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), "Complete")
    again = timezone.now() + timedelta(hours=1)
    left = Connection.objects.filter(pk=connection.pk)
    left.update(left_at=again, linked_at=again, first_read_at=None, reads={})
    connection.refresh_from_db()

    reads.ask_progress(connection)

    connection.refresh_from_db()
    assert connection.first_read_at is None
    assert connection.reads == {}


def test_codat_away_puts_the_row_back(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox, product="bill_pay_sync")
    sandbox.next_answer(429, Retry_After=600)
    before = timezone.now()

    follow_connections()

    connection.refresh_from_db()
    assert connection.look_at >= before + timedelta(seconds=590)
    assert connection.look_error


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same(sandbox: Sandbox) -> None:
    factories.linked_connection(sandbox)

    assert len(follow.claim()) == 1
    assert follow.claim() == []


def test_a_dead_workers_claim_runs_out(sandbox: Sandbox) -> None:
    factories.linked_connection(sandbox)
    follow.claim()

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert len(follow.claim()) == 1
