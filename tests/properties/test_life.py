"""A few lives in `make test`, always the same ones; many new ones in `make chaos`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.kit import Sandbox
from tests.properties.life import Life
from tests.sandbox.endpoint import Endpoint
from tests.stacks import count

QUIET = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate, Phase.shrink],
    "suppress_health_check": list(HealthCheck),
}
FEW = settings(max_examples=10, stateful_step_count=18, derandomize=True, **QUIET)
MANY = settings(max_examples=count(25, 600), stateful_step_count=40, print_blob=True, **QUIET)


@pytest.fixture
def life(sandbox: Sandbox, transactional_db: None) -> Iterator[type[Life]]:
    with Endpoint() as bag, time_machine.travel(datetime.now(UTC), tick=True) as clock:
        Life.sandbox, Life.bag, Life.clock, Life.ahead = sandbox, bag, clock, 0.0
        yield Life


def test_no_order_of_events_breaks_a_connection(life: type[Life]) -> None:
    run_state_machine_as_test(life, settings=FEW)


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_no_order_of_events_breaks_a_connection_in_many_lives(life: type[Life]) -> None:
    run_state_machine_as_test(life, settings=MANY)
