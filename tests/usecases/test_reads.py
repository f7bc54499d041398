"""How a first read ends when a data type was left out, or ended with a word that we do not know."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from onboarding.models import Connection
from onboarding.usecases import reads, standing
from tests import factories
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db


def data_status(connection: Connection, **words: str) -> dict[str, dict[str, str]]:
    """Codat's answer when every data type is Complete but these."""
    return {name: {"dataType": name, "currentStatus": words.get(name, "Complete")} for name in reads.wanted(connection)}


def state_of(connection: Connection) -> str:
    connection.refresh_from_db()
    connection.company.refresh_from_db()
    return connection.company.state


def test_a_prerequisite_that_is_not_met_ends_the_first_read_and_leaves_its_type_out(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), bills="PrerequisiteNotMet")

    reads.ask_progress(connection)

    line = connection.history.get(kind="read")
    assert state_of(connection) == "partial"
    assert connection.first_read_at is not None
    assert (line.facts["n"], line.facts["total"], line.is_problem) == (6, 7, True)


def test_what_is_read_after_all_is_missing_no_more(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.reads(str(connection.company.codat_id), bills="PrerequisiteNotMet")
    reads.ask_progress(connection)
    before = state_of(connection)
    sandbox.reads(str(connection.company.codat_id))

    reads.ask_progress(connection)

    assert (before, state_of(connection)) == ("partial", "linked")


def test_an_unknown_word_may_be_a_step_of_a_read_that_runs(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(200, path="dataStatus", body=data_status(connection, bills="SomethingNew"))

    reads.ask_progress(connection)

    assert state_of(connection) == "reading"
    assert reads.progress_of(connection) == (6, 7)
    assert connection.reads["bills"]["status"] == "SomethingNew"


def test_an_unknown_word_keeps_nobody_waiting_for_longer_than_a_day(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(200, path="dataStatus", body=data_status(connection, bills="SomethingNew"))

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        reads.ask_progress(connection)

    assert state_of(connection) == "partial"


def test_an_unknown_word_ends_nothing_while_another_type_is_read(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)
    told = data_status(connection, bills="SomethingNew", suppliers="Fetching")
    sandbox.next_answer(200, path="dataStatus", body=told)

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        reads.ask_progress(connection)
        standing.refresh_needs()

    assert state_of(connection) == "reading"
    assert connection.company.needs == "reading_long"
