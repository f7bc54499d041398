from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from requests.structures import CaseInsensitiveDict

from onboarding.codat import Quota
from onboarding.codat.limits import retry_after_seconds

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 30 ", 30.0),
        ("1.5", 1.5),
        ("999999999", 86400.0),
        ("Fri, 20 Nov 2026 12:00:07 GMT", 7.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 20 Dec 2026 12:00:00 GMT", 86400.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1e9", None),
        ("٣", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_in_both_forms(told, seconds):
    with time_machine.travel(NOW, tick=False):
        assert retry_after_seconds({"Retry-After": told}) == seconds


def test_retry_after_is_held_against_codats_clock():
    headers = {"Retry-After": "Fri, 20 Nov 2026 12:00:07 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}

    with time_machine.travel(NOW + timedelta(hours=3), tick=False):
        assert retry_after_seconds(headers) == 7.0


def test_retry_after_may_be_missing():
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize(
    "reset",
    [
        "2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00.0000000Z",
        "2026-11-21",
        "Sat, 21 Nov 2026 00:00:00 GMT",
        str(int(MIDNIGHT.timestamp())),
        str(int(MIDNIGHT.timestamp() * 1000)),
        "43200",
    ],
)
def test_quota_is_read_whatever_form_the_reset_has(reset):
    headers = CaseInsensitiveDict(
        {"x-rate-limit-limit": "1000", "x-rate-limit-remaining": "993", "x-rate-limit-reset": reset}
    )
    with time_machine.travel(NOW, tick=False):
        assert Quota.from_headers(headers) == Quota(1000, 993, MIDNIGHT)


def test_quota_without_a_readable_reset_is_read():
    headers = {"X-Rate-Limit-Limit": "many", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "tonight"}

    assert Quota.from_headers(headers) == Quota(None, 0, None)


@pytest.mark.parametrize("headers", [{}, {"X-Rate-Limit-Reset": "2026-11-21"}, {"X-Rate-Limit-Limit": "-1"}])
def test_quota_is_none_without_numbers(headers):
    assert Quota.from_headers(headers) is None
