"""Times come out of the database as they went in, whatever it is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from onboarding.models import Delivery

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("microseconds", [0, 1, 500_000, 72_100, 999_999])
@pytest.mark.parametrize("days", [-400_000, 0, 2_900_000])
def test_a_time_comes_back_the_same(microseconds: int, days: int) -> None:
    at = NOON + timedelta(days=days, microseconds=microseconds)
    Delivery.objects.create(webhook_id="msg_1", event_type="x", generated_at=at, not_before=timezone.now())
    told = Delivery.objects.values_list("generated_at", flat=True).get()

    assert told == at
    assert told.tzinfo is UTC


def test_a_time_in_another_style_is_read_as_well() -> None:
    """Whoever runs the server may have chosen it."""
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL DateStyle TO 'ISO, DMY'")
            cursor.execute("SELECT timestamptz '2026-06-01 12:00:00.5+00'")
            assert cursor.fetchone() == (NOON + timedelta(seconds=0.5),)
