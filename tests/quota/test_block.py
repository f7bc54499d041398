"""The gate of a process that makes many calls: the same rules, asked for a block at a time."""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock, Thread

import pytest
from django.db import connection as database
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding import codat, quota
from onboarding.allowance import Errand
from onboarding.models import Heartbeat, Quota
from onboarding.quota.block import SHOWN_EVERY, BlockGate, Sign
from onboarding.quota.row import ROW
from onboarding.wiring import codat as client
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture(autouse=True)
def no_limit_by_the_minute(settings) -> None:  # type: ignore[no-untyped-def]
    settings.CODAT_PER_MINUTE = 0


def ask_often(gate: BlockGate, times: int) -> list[str]:
    """So many calls in eight threads; returns why those were held back that were."""
    ours, held, lock, left = client(Errand.BACKGROUND).with_gate(gate), [], Lock(), [None] * times

    def work() -> None:
        try:
            while left:
                with lock:
                    if not left:
                        return
                    left.pop()
                try:
                    ours.list_companies()
                except codat.Busy as error:
                    held.append(error.reason)
        finally:
            connections.close_all()

    _in_threads(work)
    gate.close()
    return held


def _in_threads(work: Callable[[], None]) -> None:
    threads = [Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_all_calls_leave_and_the_row_is_told(sandbox: Sandbox) -> None:
    assert ask_often(BlockGate(Errand.BACKGROUND, THREADS), 40) == []

    row = Quota.objects.get()
    assert (len(sandbox.requests()), row.running, row.remaining) == (40, 0, 960)


def test_never_more_at_once_than_codat_takes(sandbox: Sandbox) -> None:
    sandbox.quota(concurrent=8)
    sandbox.settings(latency_seconds=0.02)

    assert ask_often(BlockGate(Errand.BACKGROUND, 12), 60) == []

    assert {request.status for request in sandbox.requests()} == {200}


def test_first_call_alone_finds_out_what_is_left(sandbox: Sandbox) -> None:
    sandbox.quota(daily=100, used=88)  # the rest is the customers'

    held = ask_often(BlockGate(Errand.BACKGROUND, THREADS), 20)

    assert len(sandbox.requests()) == 1
    assert set(held) == {"the rest of the day is for customers"}


def test_reserve_stays_whole(sandbox: Sandbox) -> None:
    sandbox.quota(daily=100)

    ask_often(BlockGate(Errand.BACKGROUND, THREADS), 120)

    assert 80 <= len(sandbox.requests()) <= 88


def test_refused_key_holds_back_whoever_waits(sandbox: Sandbox) -> None:
    sandbox.next_answer(401, times=None)
    gate = BlockGate(Errand.BACKGROUND, 1)
    gate.before("x")
    gate.after("x", 401, None, None)

    with pytest.raises(codat.Busy, match="refused"):
        gate.before("y")


def test_a_block_costs_one_transaction(sandbox: Sandbox) -> None:
    gate = BlockGate(Errand.BACKGROUND, 1)
    ours = client(Errand.BACKGROUND).with_gate(gate)
    ours.list_companies()

    with CaptureQueriesContext(database) as queries:
        for _ in range(32):
            ours.list_companies()

    assert len([query for query in queries if "SELECT" in query["sql"] and "quota" in query["sql"]]) <= 3


def test_slow_calls_show_that_their_process_lives_before_the_block_is_used_up(sandbox: Sandbox) -> None:
    gate = BlockGate(Errand.BACKGROUND, 1)
    ours = client(Errand.BACKGROUND).with_gate(gate)
    for _ in range(2):
        ours.list_companies()
    long_ago = timezone.now() - SHOWN_EVERY - timedelta(seconds=1)
    Heartbeat.objects.update(at=long_ago)
    Quota.objects.update(running_since=long_ago - timedelta(seconds=1))
    gate._counted_at = long_ago
    ours.list_companies()

    assert Heartbeat.objects.get().at > long_ago
    gate.close()
    assert (Quota.objects.get().running, Quota.objects.get().remaining) == (0, 997)


def test_places_of_a_dead_process_are_free_at_once(sandbox: Sandbox) -> None:
    client(Errand.CLICK).list_companies()
    now = timezone.now()
    Quota.objects.filter(pk=ROW).update(running=8, running_since=now)
    dead = Sign()
    dead._pid = 2**22 + 1  # no process has it
    dead.show(8, now)

    assert ask_often(BlockGate(Errand.BACKGROUND, THREADS), 5) == []

    assert (Quota.objects.get().running, Heartbeat.objects.count()) == (0, 0)


def test_places_of_a_silent_process_are_free_after_a_while() -> None:
    silent = Sign()
    silent.show(3, timezone.now() - Sign.SILENT_AFTER - timedelta(seconds=1))

    ((places, _),) = Sign().of_the_dead(timezone.now())

    assert places == 3


def test_living_process_keeps_its_places() -> None:
    Sign().show(3, timezone.now())

    assert Sign().of_the_dead(timezone.now()) == []
    assert quota.read().limit is None
