"""The gate before the local Codat: what leaves, what is held back, and what staff see of it."""

from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from onboarding import codat, quota
from onboarding.allowance import Errand
from onboarding.models import Quota
from onboarding.wiring import codat as client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered():
    quota.forget()
    yield
    quota.forget()


def ask(errand: Errand = Errand.CLICK) -> None:
    client(errand).list_companies()


def asked(times: int, errand: Errand) -> int:
    """How many of so many calls left."""
    left = 0
    for _ in range(times):
        try:
            ask(errand)
            left += 1
        except codat.Busy:
            pass
    return left


def test_an_answer_tells_the_row(sandbox):
    ask()

    state = quota.read()
    assert (state.limit, state.remaining, state.is_down, state.is_paused) == (1000, 999, False, False)
    assert Quota.objects.get().running == 0


def test_background_work_stops_at_the_reserve_and_customers_go_on(sandbox):
    sandbox.quota(daily=50)

    assert asked(60, Errand.BACKGROUND) == 44  # 12 % of 50 are 6
    assert quota.read().is_paused
    assert asked(10, Errand.CLICK) == 6
    assert quota.read().is_spent
    assert {request.status for request in sandbox.requests()} == {200}


def test_nobody_asks_after_a_429_until_its_time(sandbox):
    sandbox.next_answer(429, Retry_After=30)
    with pytest.raises(codat.Busy) as first:
        ask()
    sandbox.forget_requests()

    with pytest.raises(codat.Busy) as second:
        ask()
    assert (first.value.status_code, second.value.status_code) == (429, None)
    assert 28 < second.value.retry_after <= 30
    assert sandbox.requests() == []


def test_the_worker_resumes_by_itself_after_the_day_with_one_probe(sandbox):
    sandbox.quota(daily=50, used=50)
    assert asked(3, Errand.BACKGROUND) == 0
    assert len(sandbox.requests()) == 1

    sandbox.quota(daily=50, used=0)
    Quota.objects.update(blocked_until=timezone.now(), reset_at=timezone.now() - timedelta(seconds=6))
    assert asked(3, Errand.BACKGROUND) == 3


def test_codat_down_opens_the_circuit_for_the_worker_and_one_answer_closes_it(sandbox):
    sandbox.next_answer(500, times=5)
    for _ in range(5):
        with pytest.raises(codat.Unreachable):
            ask()
    assert (quota.read().is_down, asked(1, Errand.FOLLOW), asked(1, Errand.BACKGROUND)) == (True, 0, 0)

    ask(Errand.CLICK)
    assert (quota.read().is_down, asked(1, Errand.FOLLOW)) == (False, 1)


@pytest.mark.parametrize("code", [401, 402, 403])
def test_a_refusal_of_our_account_is_kept_for_staff(sandbox, code):
    sandbox.next_answer(code)
    with pytest.raises(codat.Refused):
        ask()

    assert quota.read().refused_code == code


def test_pages_read_the_state_without_a_query_of_their_own(sandbox, django_assert_num_queries):
    with django_assert_num_queries(1):
        quota.current()
        quota.current()


def test_no_call_leaves_within_a_transaction(sandbox, transactional_db):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        ask()

    assert sandbox.requests() == []


def test_many_at_once_lose_no_count_and_stay_below_what_codat_allows_at_once(sandbox, transactional_db):
    sandbox.quota(concurrent=10)
    sandbox.slow(0.05, times=None)
    left: list[int] = []

    def work() -> None:
        left.append(asked(10, Errand.BACKGROUND))
        database.close()

    threads = [Thread(target=work) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]
    ask()
    row, requests = Quota.objects.get(), sandbox.requests()
    assert (row.running, row.running_before) == (0, 0)
    assert row.remaining == 1000 - sum(left) - 1 == 1000 - len(requests)
    assert {request.status for request in requests} == {200}


def test_the_minute_is_kept_without_a_single_429(sandbox, transactional_db, settings):
    settings.CODAT_PER_MINUTE = 600
    sandbox.quota(per_minute=600)
    threads = [Thread(target=lambda: (asked(5, Errand.BACKGROUND), database.close())) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]

    assert {request.status for request in sandbox.requests()} == {200}


def test_what_one_errand_learns_all_know(sandbox):
    ask(Errand.BACKGROUND)
    client(Errand.FOLLOW).create_company(name="Marlow", tags={"uid": "x"}, key=uuid4())

    assert quota.read().remaining == 998
