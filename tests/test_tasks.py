"""The tasks, called as functions: what they do with trouble, and how seldom they ask."""

import pytest

from onboarding import tasks
from onboarding.models import Heartbeat, PlatformState

pytestmark = pytest.mark.django_db(transaction=True)


def test_platforms_are_asked_for_once_in_six_hours(sandbox, settings):
    settings.CODAT_PER_MINUTE = 0
    tasks.refresh_platforms()
    asked = len(sandbox.requests())
    assert asked
    tasks.refresh_platforms()
    assert len(sandbox.requests()) == asked


def test_platforms_wait_while_codat_is_down_and_come_afterwards(sandbox, settings):
    settings.CODAT_PER_MINUTE = 0
    sandbox.next_answer(401, path="/integrations", times=1)
    assert tasks.refresh_platforms() == "later"
    assert not PlatformState.objects.exists()


def test_heartbeat_moves_its_one_row():
    tasks.heartbeat()
    first = Heartbeat.objects.get().at
    tasks.heartbeat()
    assert Heartbeat.objects.get().at > first
