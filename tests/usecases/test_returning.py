"""Back from Link: nothing in the address is believed, and the customer never waits long."""

import pytest
from django.utils import timezone

from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Connection
from onboarding.usecases import connections, door, returning
from onboarding.usecases.returning import Landing
from tests import factories
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    ana = factories.ana()
    made = factories.started(factories.company(ana), ana)
    sandbox.forget_requests()
    return made


def query(connection: Connection, code: int | str = 200, **more: str) -> dict[str, str]:
    return {
        "companyId": str(connection.company.codat_id),
        "connectionId": str(connection.codat_id),
        "statusCode": str(code),
        **more,
    }


def back(connection: Connection, code: int | str = 200, **more: str) -> Landing:
    return returning.came_back(connection.started_by, query(connection, code, **more))


def test_linked_is_shown_after_one_read(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.authorise(str(connection.codat_id))

    landing = back(connection)

    connection.refresh_from_db()
    assert (landing.page, connection.status) == ("connection", Status.LINKED)
    assert [request.method for request in sandbox.requests()] == ["GET"]


def test_no_read_when_the_event_came_first(sandbox: Sandbox, connection: Connection) -> None:
    door.record({connection.pk: Observation("Linked", timezone.now(), Source.WEBHOOK)})

    assert back(connection).page == "connection"
    assert sandbox.requests() == []


def test_a_forged_success_is_not_believed(sandbox: Sandbox, connection: Connection) -> None:
    landing = back(connection, 200)

    connection.refresh_from_db()
    assert (landing.page, connection.status) == ("connection", Status.PENDING_AUTH)
    assert connection.company.events.filter(kind="connected").count() == 0


@pytest.mark.parametrize(("code", "page"), [(403, "stopped"), (500, "problem"), (501, "problem"), (200, "connection")])
def test_each_code_has_its_page(sandbox: Sandbox, connection: Connection, code: int, page: str) -> None:
    assert back(connection, code, errorMessage="Unknown error occurred").page == page


def test_a_forged_cancellation_of_a_linked_one_changes_nothing(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.authorise(str(connection.codat_id))

    assert back(connection, 403).page == "connection"

    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_codat_not_answering_is_a_wait_and_no_failure(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.slow(3, method="GET")

    assert back(connection, 403).page == "connection"

    connection.refresh_from_db()
    assert connection.status == Status.PENDING_AUTH
    assert connection.look_at is not None


def test_already_connected_says_so(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.authorise(str(connection.codat_id))
    back(connection)

    assert back(connection, 201).note == "e201"


def test_201_without_a_connection_id(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.authorise(str(connection.codat_id))
    back(connection)

    landing = returning.came_back(
        connection.started_by, {"companyId": str(connection.company.codat_id), "connectionId": "", "statusCode": "201"}
    )

    assert (landing.page, landing.note) == ("connection", "e201")


def test_a_stranger_learns_nothing(sandbox: Sandbox, connection: Connection) -> None:
    landing = returning.came_back(factories.cleo(), query(connection))

    assert landing == Landing("home")
    assert sandbox.requests() == []


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"connectionId": "{connectionId}", "companyId": "{companyId}", "statusCode": "{statusCode}"},
        {"connectionId": "x" * 5000, "statusCode": "²00"},
        {"connectionId": "00000000-0000-0000-0000-000000000000", "statusCode": "-1"},
    ],
)
def test_nonsense_leads_home(sandbox: Sandbox, told: dict[str, str]) -> None:
    assert returning.came_back(factories.ana(), told) == Landing("home")


def test_somebody_else_has_connected_meanwhile(sandbox: Sandbox, connection: Connection) -> None:
    ben = factories.ben()
    connection.company.memberships.create(user=ben)
    sandbox.authorise(str(connection.codat_id))

    landing = returning.came_back(ben, query(connection))

    assert landing.note == "someone"


def test_a_failure_told_by_the_address_and_by_codat_counts_once(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.fail(str(connection.codat_id), "The software is closed for maintenance.")

    back(connection, 500, errorMessage="Unknown error occurred")
    back(connection, 500, errorMessage="Unknown error occurred")

    connection.refresh_from_db()
    assert connection.failures == 1
    assert "The software is closed for maintenance." in connection.failure
    assert connection.company.events.filter(kind="failed").count() == 1


def test_a_cancelled_reconnect_leaves_the_old_state(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.authorise(str(connection.codat_id))
    back(connection)
    connection.refresh_from_db()
    connections.unlink(connection, by=factories.COMMAND)
    connection.refresh_from_db()
    connections.reconnect(connection, by=factories.COMMAND)

    landing = back(connection, 403)

    connection.refresh_from_db()
    assert (landing.page, landing.note, connection.status) == ("connection", "stopped", Status.UNLINKED)
