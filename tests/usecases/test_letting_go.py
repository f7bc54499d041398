"""Connections from Linked on: disconnect, reconnect, check, start afresh."""

import threading
from contextlib import suppress

import pytest

from onboarding import codat
from onboarding.actors import CLOCK, Actor
from onboarding.errors import (
    ConnectionGone,
    NotLinked,
    NotNow,
    TooSoon,
)
from onboarding.lifecycle import Status
from onboarding.models import Company, Connection, User
from onboarding.usecases import connections
from tests import factories
from tests.kit import Sandbox
from tests.usecases.test_companies import in_thread
from tests.usecases.test_connections import only, start

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_double_click_disconnects_once(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.slow(0.3, method="PATCH", times=None)

    clicks = [threading.Thread(target=in_thread, args=(_unlink, connection.pk)) for _ in range(3)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    assert len(sandbox.requests(method="PATCH")) == 1
    assert only(connection.company).status == Status.UNLINKED


def _unlink(pk: int) -> None:
    with suppress(NotLinked):
        connections.unlink(Connection.objects.get(pk=pk), by=CLOCK)


def test_reconnect_uses_the_same_connection(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.deauthorise(str(connection.codat_id))
    connections.check(connection.company, by=CLOCK)
    connection.refresh_from_db()

    link = connections.reconnect(connection, by=Actor.customer(connection.started_by))

    assert str(connection.codat_id) in link.reveal()
    assert connection.status == Status.DEAUTHORIZED
    assert len(sandbox.companies()[0]["connections"]) == 1


def test_reconnect_of_a_deleted_one_says_so(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    connections.unlink(connection, by=CLOCK)
    connection.refresh_from_db()
    sandbox.delete_connection(str(connection.codat_id))

    with pytest.raises(ConnectionGone):
        connections.reconnect(connection, by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.DELETED


def test_unlink_records_nothing_when_codat_is_busy(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    lines = connection.history.count()
    sandbox.next_answer(429, method="PATCH", Retry_After=7)

    with pytest.raises(codat.Busy) as caught:
        connections.unlink(connection, by=CLOCK)

    assert caught.value.retry_after == 7  # seconds
    assert connection.history.count() == lines


def test_unlink_with_a_lost_answer_asks_how_it_ended(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.lose_answer("PATCH")

    connections.unlink(connection, by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.UNLINKED


def test_unlink_of_one_that_is_no_longer_linked(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Deauthorized")

    with pytest.raises(NotLinked):
        connections.unlink(connection, by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORIZED


def test_only_a_linked_one_is_sent_to_codat_for_unlinking(sandbox: Sandbox) -> None:
    connection = factories.started(factories.company(ana := factories.ana()), ana)
    sandbox.forget_requests()

    with pytest.raises(NotLinked):
        connections.unlink(connection, by=CLOCK)

    assert sandbox.requests() == []


def test_expired_access_can_be_let_go(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    with pytest.raises(NotNow):
        connections.let_go(connection, by=CLOCK)
    sandbox.deauthorise(str(connection.codat_id))
    connections.check(connection.company, by=CLOCK)

    connections.let_go(connection, by=CLOCK)

    connection.company.refresh_from_db()
    assert connection.company.state == "unlinked"


def test_check_asks_codat_at_most_every_half_minute(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Deauthorized")
    sandbox.forget_requests()

    checked = connections.check(connection.company, by=CLOCK)
    with pytest.raises(TooSoon):
        connections.check(connection.company, by=CLOCK)

    assert checked.status == Status.DEAUTHORIZED
    assert len(sandbox.requests()) == 1


def test_a_failed_check_changes_nothing(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(503, method="GET")

    with pytest.raises(codat.Unreachable):
        connections.check(connection.company, by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_an_unknown_status_is_kept_beside_the_last_known(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.unknown_status(str(connection.codat_id), "Resting")

    connections.check(connection.company, by=CLOCK)

    connection.refresh_from_db()
    assert (connection.status, connection.unknown_status) == ("Linked", "Resting")


def test_start_afresh_clears_what_is_unfinished(sandbox: Sandbox, company: Company, ana: User) -> None:
    start(company, ana)

    connections.start_afresh(company, by=CLOCK)

    assert only(company).status == Status.DELETED
    assert sandbox.companies()[0]["connections"] == []


def test_start_afresh_leaves_a_working_connection_alone(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)

    with pytest.raises(NotNow):
        connections.start_afresh(connection.company, by=CLOCK)
