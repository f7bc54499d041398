"""Whatever the order, the duplicates and the sweeps in between: the newest state wins, and deleted stays deleted."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Connection, Delivery
from onboarding.usecases import door, webhooks
from tests import factories
from tests.stacks import count
from tests.webhooks.letters import headers, told

HISTORIES = count(120, 10_000)  # FULL=1 takes a quarter of an hour
BEGIN = datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC)
TELLS = {  # what may happen next, and the word that tells of it
    "PendingAuth": [("connection.connected", "Linked"), ("connection.failed", "PendingAuth")],
    "Linked": [("connection.disconnected", "Unlinked"), ("connection.disconnected", "Deauthorized")],
    "Unlinked": [("connection.reconnected", "Linked")],
    "Deauthorized": [("connection.reconnected", "Linked")],
}


@st.composite
def histories(draw):
    """A true history at Codat: events with their times, the last of them perhaps the deletion."""
    status, history = "PendingAuth", [("connection.created", "PendingAuth", BEGIN)]
    for number in range(1, draw(st.integers(1, 6))):
        at = BEGIN + timedelta(seconds=number, microseconds=draw(st.integers(0, 900_000)))
        event_type, status = draw(st.sampled_from(TELLS[status]))
        history.append((event_type, status, at))
    if draw(st.booleans()):
        history.append(("connection.deleted", status, BEGIN + timedelta(seconds=10)))
    return history


@st.composite
def arrivals(draw):
    """The history as it arrives: shuffled, some of it again, in batches of any size, with sweeps in between."""
    history = draw(histories())
    order = draw(st.permutations(range(len(history))))
    again = draw(st.lists(st.sampled_from(range(len(history))), max_size=4))
    steps = [("event", number) for number in [*order, *again]]
    sweeps = draw(st.lists(st.tuples(st.integers(0, len(steps)), st.integers(0, 12)), max_size=3))
    for place, second in sorted(sweeps, reverse=True):
        steps.insert(place, ("sweep", second))
    handled = draw(st.lists(st.booleans(), min_size=len(steps), max_size=len(steps)))
    return history, steps, handled


@pytest.mark.timeout(count(300, 4 * 3600))
class TestOrder(TestCase):
    @settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(arrivals())
    def test_every_arrival_of_a_history_ends_in_its_newest_state(self, arrival):
        history, steps, handled = arrival
        connection = _unknown_yet()
        ids = [f"msg_{uuid4().hex}" for _ in history]
        for (kind, number), is_handled in zip(steps, handled, strict=True):
            if kind == "event":
                event_type, status, at = history[number]
                body = told(event_type, connection, status, at)
                webhooks.accept(body, headers(body, message_id=ids[number]))
            else:
                _sweep(connection, history, BEGIN + timedelta(seconds=number, microseconds=950_000))
            if is_handled:
                webhooks.drain()
        webhooks.drain()

        connection.refresh_from_db()
        assert connection.status == _end_of(history)
        assert Delivery.objects.filter(pk__in=ids, done_at=None).count() == 0


def _unknown_yet() -> Connection:
    company = factories.company()
    return factories.local_connection(company, Status.PENDING_AUTH, at=BEGIN - timedelta(seconds=1))


def _end_of(history) -> str:
    event_type, status, _ = history[-1]
    return Status.DELETED if event_type == "connection.deleted" else status


def _sweep(connection: Connection, history, at: datetime) -> None:
    """A page asked for at `at`: it shows what was true then, and is stored now, perhaps much later."""
    true_then = [(event_type, status) for event_type, status, happened_at in history if happened_at <= at]
    if true_then:
        status = Status.DELETED if true_then[-1][0] == "connection.deleted" else true_then[-1][1]
        door.record({connection.pk: Observation(status, at, Source.SWEEP, is_read=True)})
