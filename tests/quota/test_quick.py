"""The everyday statements do what the rules do on the locked row, or nothing at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase

from onboarding import allowance, codat
from onboarding.allowance import Errand, Hold, Rules
from onboarding.models import Quota
from onboarding.quota import quick

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOMENTS = [None, NOW - timedelta(seconds=90), NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)]


def moments(*more: datetime):
    return st.sampled_from([*MOMENTS, *more])


ROWS = st.fixed_dictionaries(
    {
        "limit": st.sampled_from([None, 50, 1000, 3000, 100_000_000]),
        "remaining": st.sampled_from([None, -1, 0, 1, 6, 7, 120, 121, 900, 90_000_000]),
        "reset_at": moments(NOW + timedelta(hours=9)),
        "told_at": moments(),
        "paced_until": moments(),
        "running": st.integers(0, 12),
        "running_before": st.sampled_from([0, 0, 3]),
        "running_since": moments(NOW - timedelta(seconds=20)),
        "blocked_until": moments(),
        "failures": st.sampled_from([0, 0, 4, 5]),
        "down_since": moments(),
        "probe_at": moments(),
        "refused_code": st.sampled_from([None, None, 401, 402]),
    }
)
FACTS = [field.name for field in Quota._meta.fields]


def facts(row: Quota) -> dict:
    return {name: getattr(row, name) for name in FACTS}


class TestQuick(TransactionTestCase):
    @settings(max_examples=80, deadline=None)
    @given(ROWS, st.sampled_from(list(Errand)), st.sampled_from([0, 1000]))
    def test_what_is_admitted_at_once_is_what_the_rules_admit(self, told, errand, per_minute):
        row, rules = Quota(pk=1, **told), Rules(12, per_minute)
        row.save()
        if quick.admit(errand, rules, NOW):
            assert allowance.admit(row, errand, rules, NOW) == 0
        if not per_minute:
            row.paced_until = Quota.objects.get().paced_until
        assert facts(Quota.objects.get()) == facts(row)

    @settings(max_examples=80, deadline=None)
    @given(ROWS, st.integers(0, 1000), st.sampled_from([50, 1000]), st.sampled_from([200, 204, 404, 429, 500, None]))
    def test_what_is_settled_at_once_is_what_the_rules_note(self, told, remaining, limit, status_code):
        row, began_at = Quota(pk=1, **told), NOW - timedelta(milliseconds=50)
        row.save()
        answer = codat.Quota(limit, remaining, NOW + timedelta(hours=9))
        if quick.settle(status_code, answer, began_at, NOW):
            allowance.note_end(row, began_at)
            allowance.note_answer(row, "get_company", 200, NOW)
            allowance.note_quota(row, answer, began_at, NOW)
        assert facts(Quota.objects.get()) == facts(row)


@pytest.mark.django_db(transaction=True)
def test_a_call_that_nothing_stands_against_takes_one_statement(django_assert_num_queries):
    soon = NOW + timedelta(hours=9)
    Quota.objects.create(pk=1, limit=1000, remaining=900, reset_at=soon, told_at=NOW, running_since=NOW)
    with django_assert_num_queries(2):
        assert quick.admit(Errand.BACKGROUND, Rules(12, 1000), NOW)
        assert quick.settle(200, codat.Quota(1000, 899, soon), NOW, NOW + timedelta(seconds=1))


def test_the_rules_hold_what_they_hold():
    """A guard of the test above: the rows that it makes do hold calls back."""
    with pytest.raises(Hold):
        allowance.admit(
            Quota(limit=50, remaining=6, reset_at=NOW + timedelta(hours=9)), Errand.BACKGROUND, Rules(12, 0), NOW
        )
