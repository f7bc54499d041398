"""The rules of one connection, as a table and as a property."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.lifecycle import Observation, Source, Status, Verdict, decide

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)


def told(status: str, at: datetime = LATER, *, is_read: bool = False) -> Observation:
    return Observation(status, at, Source.WEBHOOK, is_read)


@pytest.mark.parametrize(
    ("known", "seen_at", "news", "verdict"),
    [
        (Status.STARTING, None, told("PendingAuth"), Verdict.MOVED),
        (Status.PENDING_AUTH, NOON, told("Linked"), Verdict.MOVED),
        (Status.PENDING_AUTH, NOON, told("PendingAuth"), Verdict.SAME),
        (Status.LINKED, NOON, told("Unlinked", EARLIER), Verdict.STALE),
        (Status.LINKED, NOON, told("Linked", EARLIER), Verdict.STALE),
        (Status.LINKED, NOON, told("Unlinked", NOON), Verdict.ASK),
        (Status.LINKED, NOON, told("Unlinked", NOON, is_read=True), Verdict.MOVED),
        (Status.LINKED, NOON, told("Linked", NOON), Verdict.SAME),
        (Status.LINKED, NOON, told("Resting"), Verdict.UNKNOWN),
        (Status.LINKED, NOON, told("Starting"), Verdict.UNKNOWN),
        (Status.LINKED, NOON, told("Deleted"), Verdict.MOVED),
        (Status.DELETED, NOON, told("Linked"), Verdict.STALE),
        (Status.DEAUTHORIZED, NOON, told("Linked"), Verdict.MOVED),
        (Status.UNLINKED, NOON, told("Linked"), Verdict.MOVED),
    ],
)
def test_decide(known: Status, seen_at: datetime | None, news: Observation, verdict: Verdict) -> None:
    assert decide(known, seen_at, news) is verdict


words = st.sampled_from(["PendingAuth", "Linked", "Unlinked", "Deauthorized"])


@given(st.lists(words, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_newest_wins_in_any_order_and_number(statuses: list[str], random) -> None:  # type: ignore[no-untyped-def]
    history = [told(status, NOON + timedelta(seconds=n)) for n, status in enumerate(statuses)]
    arriving = history * 2
    random.shuffle(arriving)

    known, seen_at = str(Status.STARTING), None
    for news in arriving:
        if decide(known, seen_at, news) in (Verdict.MOVED, Verdict.SAME):
            known, seen_at = news.status, news.at

    assert known == statuses[-1]
