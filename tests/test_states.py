"""Every state of the vocabulary from the facts that make it, and which connection counts."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.lifecycle import Status
from onboarding.states import ENDS, READING, WAITING, State, current_of, is_another_organisation, progress, state_of
from sandbox import datatypes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Facts:
    status: str
    platform_key: str = "gbol"
    reads: dict[str, dict[str, str]] = field(default_factory=dict)
    first_read_at: datetime | None = None
    read_started_at: datetime | None = None
    linked_at: datetime | None = None
    left_at: datetime | None = None
    returned_at: datetime | None = None
    returned_code: int | None = None
    failed_at: datetime | None = None
    let_go_at: datetime | None = None
    status_at: datetime | None = None


def ago(**much: int) -> datetime:
    return NOW - timedelta(**much)


def reads(*words: str) -> dict[str, dict[str, str]]:
    return {f"type{n}": {"status": word} for n, word in enumerate(words)}


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (Facts("Deauthorized"), State.EXPIRED),
        (Facts("Deauthorized", let_go_at=NOW), State.UNLINKED),
        (Facts("Linked", reads=reads("Complete", "AuthError")), State.EXPIRED),
        (Facts("Unlinked"), State.UNLINKED),
        (Facts("Linked", reads=reads("PermissionsError"), first_read_at=NOW), State.PERMISSION),
        (Facts("Linked", "pqsw", reads("Queued"), read_started_at=ago(minutes=16)), State.WAITING_PC),
        (Facts("Linked", "pqsw", reads("Queued"), read_started_at=ago(minutes=14)), State.READING),
        (
            Facts("Linked", "pqsw", reads("Queued", "PrerequisiteNotMet"), read_started_at=ago(hours=1)),
            State.WAITING_PC,
        ),
        (Facts("Linked", "pqsw", reads("Fetching"), read_started_at=ago(hours=2)), State.READING),
        (Facts("Linked", "gbol", reads("Queued"), read_started_at=ago(hours=2)), State.READING),
        (Facts("Linked", reads=reads("Complete", "FetchError"), first_read_at=NOW), State.PARTIAL),
        (Facts("Linked", reads=reads("Complete", "NotSupported"), first_read_at=NOW), State.LINKED),
        (Facts("Linked", reads=reads("Complete", "PrerequisiteNotMet"), first_read_at=NOW), State.PARTIAL),
        (Facts("Linked", reads=reads("Complete", "SomethingNew"), first_read_at=NOW), State.PARTIAL),
        (Facts("Linked", reads=reads("Complete", "SomethingNew")), State.READING),
        (Facts("Linked", reads=reads("Complete", "Queued"), first_read_at=NOW), State.LINKED),
        (Facts("PendingAuth", left_at=ago(minutes=5), returned_at=NOW, returned_code=200), State.CHECKING),
        (Facts("PendingAuth", left_at=NOW, returned_at=ago(minutes=5), returned_code=200), State.PENDING),
        (Facts("PendingAuth", left_at=ago(days=3), returned_at=ago(days=2), returned_code=200), State.PENDING),
        (Facts("PendingAuth", left_at=ago(minutes=5), failed_at=NOW), State.FAILED),
        (Facts("PendingAuth", left_at=NOW, failed_at=ago(minutes=5)), State.PENDING),
        (Facts("PendingAuth", left_at=ago(minutes=5), returned_at=NOW, returned_code=403), State.PENDING),
        (Facts("Starting"), State.PENDING),
    ],
)
def test_state_of_a_connection(facts: Facts, state: State) -> None:
    assert state_of(facts, accepted=True, invited=True, now=NOW) is state


@pytest.mark.parametrize(
    ("accepted", "invited", "state"),
    [(True, True, State.SIGNED_IN), (False, True, State.INVITED), (False, False, State.NEW)],
)
def test_state_without_a_connection(accepted: bool, invited: bool, state: State) -> None:
    assert state_of(None, accepted=accepted, invited=invited, now=NOW) is state


@pytest.mark.parametrize(
    ("words", "which"),
    [
        (["Linked", "PendingAuth"], 0),
        (["Unlinked", "Deauthorized"], 1),
        (["Deauthorized", "PendingAuth"], 0),
        (["PendingAuth", "PendingAuth"], 1),
        (["Unlinked", "Unlinked", "Deleted"], 1),
        (["PendingAuth", "Unlinked"], 0),
    ],
)
def test_which_connection_counts(words: list[str], which: int) -> None:
    connections = [Facts(word) for word in words]

    assert current_of(connections) is connections[which]


def test_no_connection_counts_when_all_are_deleted() -> None:
    assert current_of([Facts(Status.DELETED)]) is None


def test_one_that_was_let_go_counts_behind_an_unfinished_one() -> None:
    gone, unfinished = Facts("Deauthorized", let_go_at=NOW), Facts("PendingAuth")

    assert current_of([unfinished, gone]) is unfinished


def test_progress_leaves_out_what_the_platform_does_not_offer() -> None:
    known = {"bills": {"status": "Complete"}, "suppliers": {"status": "NotSupported"}}

    assert progress(known, ("bills", "suppliers", "company")) == (1, 2)


@pytest.mark.parametrize("word", ["PrerequisiteNotMet", "SomethingNew"])
def test_progress_counts_as_done_only_what_is_complete(word: str) -> None:
    known = {"bills": {"status": "Complete"}, "suppliers": {"status": word}}

    assert progress(known, ("bills", "suppliers")) == (1, 2)


def test_every_word_that_codat_publishes_is_a_step_or_an_end() -> None:
    assert datatypes.ENDS == ENDS
    assert (WAITING | READING | ENDS) - {""} == datatypes.STATUSES


@pytest.mark.parametrize(
    ("told", "expected", "differs"),
    [
        ("Marlow Street Bakery", "Marlow Street Bakery Ltd", False),
        ("MARLOW STREET BAKERY LIMITED", "Marlow Street Bakery Ltd", False),
        ("Toft Farms", "Toft Stores", True),
        ("Café Élan SARL", "Cafe Elan", False),
        ("", "Toft Stores", False),
        ("Toft Stores", "", False),
    ],
)
def test_another_organisation(told: str, expected: str, differs: bool) -> None:
    assert is_another_organisation(told, expected) is differs
