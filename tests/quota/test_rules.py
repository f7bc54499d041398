"""The rules of the shared allowance, as pure functions of the row and the time."""

from datetime import UTC, datetime, timedelta

import pytest

from onboarding import allowance, codat
from onboarding.allowance import Errand, Hold, Rules
from onboarding.models import Quota

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
RULES = Rules(reserve_percent=12, per_minute=1000)
EVERYBODY = list(Errand)
WORKER = [Errand.FOLLOW, Errand.BACKGROUND]
PEOPLE = [Errand.CLICK, Errand.RETURN]


def row(**facts) -> Quota:
    return Quota(**{"limit": 1000, "remaining": 500, "reset_at": MIDNIGHT, "told_at": NOW} | facts)


def admitted(state: Quota, errand: Errand, now: datetime = NOW, rules: Rules = RULES) -> bool:
    try:
        allowance.admit(state, errand, rules, now)
    except Hold:
        return False
    return True


def told(limit: int = 1000, remaining: int = 400, reset_at: datetime | None = MIDNIGHT) -> codat.Quota:
    return codat.Quota(limit, remaining, reset_at)


@pytest.mark.parametrize("errand", EVERYBODY)
def test_everybody_may_ask_while_there_is_plenty(errand):
    state = row()

    assert admitted(state, errand)
    assert (state.remaining, state.running) == (499, 1)


@pytest.mark.parametrize(
    ("remaining", "who"), [(121, EVERYBODY), (120, [*PEOPLE, Errand.FOLLOW]), (1, [*PEOPLE, Errand.FOLLOW]), (0, [])]
)
def test_the_reserve_is_for_live_customers(remaining, who):
    assert [errand for errand in EVERYBODY if admitted(row(remaining=remaining), errand)] == who


def test_who_is_held_by_the_day_is_told_to_come_after_its_end():
    with pytest.raises(Hold) as caught:
        allowance.admit(row(remaining=0), Errand.CLICK, RULES, NOW)

    assert caught.value.seconds == (MIDNIGHT + allowance.DAY_GRACE - NOW).total_seconds()


@pytest.mark.parametrize("errand", EVERYBODY)
def test_retry_after_holds_everybody(errand):
    with pytest.raises(Hold) as caught:
        allowance.admit(row(blocked_until=NOW + timedelta(seconds=7)), errand, RULES, NOW)

    assert caught.value.seconds == 7


def test_after_a_block_one_of_the_workers_calls_finds_out_and_the_others_wait():
    state = row(blocked_until=NOW)

    assert [admitted(state, Errand.BACKGROUND) for _ in range(3)] == [True, False, False]
    allowance.note_end(state, NOW)
    allowance.note_answer(state, "get_company", 200, NOW)
    assert admitted(state, Errand.BACKGROUND)


def test_after_the_day_one_call_finds_out_what_the_new_one_allows():
    state, later = row(remaining=0), MIDNIGHT + allowance.DAY_GRACE

    assert [admitted(state, Errand.BACKGROUND, later) for _ in range(3)] == [True, False, False]
    allowance.note_answer(state, "get_company", 200, later)
    allowance.note_quota(state, told(remaining=999, reset_at=MIDNIGHT + timedelta(days=1)), later, later)
    assert (state.remaining, state.reset_at) == (998, MIDNIGHT + timedelta(days=1))


@pytest.mark.parametrize("errand", PEOPLE)
def test_people_do_not_wait_for_the_worker_to_find_out(errand):
    assert admitted(row(blocked_until=NOW, probe_at=NOW + timedelta(seconds=9)), errand)


def test_the_circuit_opens_after_five_silences_and_one_probe_closes_it():
    state = row()
    for _ in range(5):
        allowance.note_silence(state, NOW)
    assert [errand for errand in EVERYBODY if admitted(state, errand)] == PEOPLE

    later = NOW + timedelta(seconds=2)
    assert [admitted(state, Errand.FOLLOW, later) for _ in range(2)] == [True, False]
    allowance.note_answer(state, "get_company", 200, later)
    assert (state.failures, state.down_since) == (0, None)


def test_probes_become_rarer_while_codat_stays_away():
    state, pauses, now = row(), [], NOW
    for _ in range(12):
        allowance.note_silence(state, now)
        pauses.append((state.probe_at - now).total_seconds() if state.probe_at else 0)
        now = state.probe_at or now

    assert pauses == [0, 0, 0, 0, 2, 2, 4, 8, 16, 32, 60, 60]


def test_calls_that_fail_together_are_one_outage():
    state = row()
    for _ in range(40):
        allowance.note_silence(state, NOW + timedelta(seconds=8))

    assert state.probe_at == NOW + timedelta(seconds=10)


@pytest.mark.parametrize(("code", "is_kept"), [(401, False), (403, False), (402, True)])
def test_a_refused_account_is_remembered_until_something_succeeds(code, is_kept):
    state = row()
    allowance.note_answer(state, "create_company", code, NOW)
    assert (state.refused_code, state.refused_at) == (code, NOW)

    allowance.note_answer(state, "get_company", 200, NOW)
    assert (state.refused_code == code) is is_kept
    allowance.note_answer(state, "create_company", 200, NOW)
    assert state.refused_code is None


def test_bulk_stops_at_a_refused_key_and_tries_once_a_minute():
    state = row()
    allowance.note_answer(state, "get_company", 401, NOW)

    assert [admitted(state, errand) for errand in WORKER] == [True, False]
    assert [admitted(state, Errand.BACKGROUND, NOW + timedelta(seconds=61)) for _ in range(2)] == [True, False]


def test_of_two_overlapping_answers_the_lower_figure_holds():
    state = row(remaining=480)
    allowance.note_quota(state, told(remaining=470), NOW - timedelta(seconds=1), NOW)
    allowance.note_quota(state, told(remaining=475), NOW - timedelta(seconds=1), NOW)
    assert state.remaining == 470

    allowance.note_quota(state, told(remaining=490), NOW + timedelta(seconds=1), NOW + timedelta(seconds=2))
    assert state.remaining == 490


def test_a_grown_limit_brings_its_own_figure():
    state = row(remaining=0)
    allowance.note_quota(state, told(limit=2000, remaining=1000), NOW - timedelta(seconds=1), NOW)

    assert (state.limit, state.remaining) == (2000, 1000)


@pytest.mark.parametrize("reset_at", [None, NOW + timedelta(days=9), NOW - timedelta(days=9)])
def test_a_reset_that_cannot_be_true_becomes_midnight(reset_at):
    state = row()
    allowance.note_quota(state, told(reset_at=reset_at), NOW, NOW)

    assert state.reset_at == MIDNIGHT


def test_a_reset_that_has_just_passed_is_asked_about_in_a_minute():
    state = row()
    allowance.note_quota(state, told(remaining=0, reset_at=NOW - timedelta(seconds=40)), NOW, NOW)

    assert state.reset_at == NOW + timedelta(seconds=60)


def test_an_unexplained_429_makes_everybody_pause():
    state = row()
    allowance.note_busy(state, None, NOW)

    assert state.blocked_until == NOW + timedelta(seconds=10)


def test_of_two_retry_afters_the_longer_holds():
    state = row()
    allowance.note_busy(state, 60, NOW)
    allowance.note_busy(state, 5, NOW)

    assert state.blocked_until == NOW + timedelta(seconds=60)


def test_a_429_of_background_work_holds_no_customer():
    state = row()
    allowance.note_answer(state, "list_companies", 429, NOW)
    allowance.note_busy(state, 30, NOW, Errand.BACKGROUND)

    assert [admitted(state, errand) for errand in EVERYBODY] == [True, False, False, False]
    assert not admitted(state, Errand.CLICK)  # one at a time finds out
    allowance.note_answer(state, "create_company", 200, NOW)
    assert admitted(state, Errand.CLICK)
    assert not admitted(state, Errand.BACKGROUND)  # until the time that Codat named
    assert admitted(state, Errand.BACKGROUND, NOW + timedelta(seconds=31))


def test_a_customers_own_429_holds_the_next_one():
    state = row()
    allowance.note_busy(state, 30, NOW, Errand.BACKGROUND)
    assert admitted(state, Errand.CLICK)
    allowance.note_answer(state, "create_company", 429, NOW)
    allowance.note_busy(state, 20, NOW, Errand.CLICK)
    allowance.note_busy(state, 20, NOW, Errand.BACKGROUND)

    assert not admitted(state, Errand.CLICK, NOW + timedelta(seconds=25))


def test_nobody_tries_when_the_day_is_used_up():
    state = row(remaining=0)
    allowance.note_busy(state, 3600, NOW, Errand.BACKGROUND)

    assert [admitted(state, errand) for errand in EVERYBODY] == [False] * 4


def test_an_answer_that_left_before_a_429_ends_no_block():
    state = row()
    allowance.note_busy(state, 30, NOW, Errand.BACKGROUND)
    allowance.note_answer(state, "get_company", 200, NOW)

    assert state.blocked_until == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("errand", EVERYBODY)
def test_a_clock_that_was_ahead_and_is_right_again_holds_nobody(errand):
    ahead = NOW + timedelta(minutes=10)
    state = row(reset_at=MIDNIGHT + timedelta(days=2), told_at=ahead)
    for each in EVERYBODY * 5:
        admitted(state, each, ahead)

    assert admitted(state, errand)


def test_two_places_stay_free_for_people():
    state = row()
    rules = Rules(12, 0)

    assert [admitted(state, Errand.BACKGROUND, NOW, rules) for _ in range(9)] == [True] * 8 + [False]
    assert admitted(state, Errand.CLICK, NOW, rules)


def test_more_linked_companies_allow_more_at_once():
    assert [allowance.at_once(row(limit=limit)) for limit in (None, 1000, 2000, 5000)] == [10, 10, 10, 40]


def test_calls_of_a_killed_process_are_forgotten_after_two_spans():
    state, rules = row(), Rules(12, 0)
    for _ in range(8):
        allowance.admit(state, Errand.BACKGROUND, rules, NOW)

    assert not admitted(state, Errand.BACKGROUND, NOW + timedelta(seconds=70), rules)
    assert admitted(state, Errand.BACKGROUND, NOW + timedelta(seconds=200), rules)


def test_an_older_span_is_counted_down_by_its_own_calls():
    state, rules = row(), Rules(12, 0)
    allowance.admit(state, Errand.CLICK, rules, NOW)
    allowance.admit(state, Errand.CLICK, rules, NOW + timedelta(seconds=65))
    allowance.note_end(state, NOW)

    assert (state.running_before, state.running) == (0, 1)


@pytest.mark.parametrize("errand", [Errand.BACKGROUND, Errand.CLICK])
def test_no_sixty_seconds_see_more_than_the_minute_allows(errand):
    """Whoever asks as fast as the gate lets them, however the sixty seconds are cut."""
    state, now, left = row(limit=None, remaining=None), NOW, []
    while now < NOW + timedelta(minutes=4):
        try:
            wait = allowance.admit(state, errand, RULES, now)
            left.append(now + timedelta(seconds=wait))
            allowance.note_end(state, now)
        except Hold as hold:
            now += timedelta(seconds=hold.seconds)
    worst = max(sum(start <= at < start + timedelta(seconds=60) for at in left) for start in left[::10])

    assert worst <= 1000
    assert len([at for at in left if at < NOW + timedelta(minutes=4)]) >= 0.95 * 4 * 1000


def test_background_work_never_makes_a_customer_wait_long():
    state = row(remaining=900)
    while admitted(state, Errand.BACKGROUND):
        allowance.note_end(state, NOW)

    assert allowance.admit(state, Errand.CLICK, RULES, NOW) < 0.5


def test_an_event_older_than_an_answer_changes_nothing():
    state = row()
    allowance.note_event(state, 1000, 0, MIDNIGHT, NOW - timedelta(seconds=1))
    assert state.remaining == 500

    allowance.note_event(state, 1000, 0, MIDNIGHT, NOW + timedelta(seconds=1))
    assert state.remaining == 0
