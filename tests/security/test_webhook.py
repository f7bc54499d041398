"""The webhook's door: signed by Codat and of now, once, without session or cookie. Vectors are in tests/webhooks."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from onboarding.models import Delivery
from tests.kit import DEFAULT_SECRET
from tests.security.walk import changed, fingerprint
from tests.webhooks.letters import ADDRESS, headers, letter

BODY = letter("client.rateLimit.reset", {})
BIG = 2_621_441


def post(body: bytes, told: dict[str, str], kind: str = "application/json", **more: object):
    return Client(enforce_csrf_checks=True).post(ADDRESS, body, content_type=kind, headers=told, **more)


def unsigned() -> dict[str, str]:
    return {name: value for name, value in headers(BODY).items() if name != "webhook-signature"}


REFUSED = {
    "unsigned": (BODY, unsigned(), 400),
    "of another secret": (BODY, headers(BODY, secret="whsec_b3RoZXItc2VjcmV0LW9mLXNvbWVib2R5"), 400),
    "of another body": (BODY + b" ", headers(BODY), 400),
    "old": (BODY, headers(BODY, at=1_000_000_000), 400),
    "packed": (gzip.compress(BODY), {**headers(BODY), "Content-Encoding": "gzip"}, 400),
    "no text": (b"\xff\xfe", headers(b"x"), 400),
    "too large": (b"x" * BIG, headers(BODY), 413),
    "no json": (b"x", headers(b"x"), 400),
}


@pytest.mark.parametrize(("body", "told", "code"), REFUSED.values(), ids=REFUSED)
def test_refused_and_nothing_is_kept(db: None, body: bytes, told: dict[str, str], code: int):
    before = fingerprint()

    answer = post(body, told)

    assert answer.status_code == code
    assert answer.content == b"" or code == 413  # no reason for a forger to learn from
    assert [table for table in changed(before, fingerprint()) if table != "onboarding_tally"] == []


def test_true_event_is_kept_once_however_often_it_comes(db: None):
    told = headers(BODY)

    codes = [post(BODY, told).status_code for _ in range(5)]

    assert codes == [200] * 5
    assert Delivery.objects.count() == 1


def test_no_answer_sets_a_cookie_or_begins_a_session(db: None):
    told = [post(BODY, headers(BODY)), post(BODY, unsigned()), Client().get(ADDRESS), post(b"x" * BIG, headers(BODY))]

    assert [dict(answer.cookies) for answer in told] == [{}] * 4
    assert [answer.get("Set-Cookie") for answer in told] == [None] * 4
    assert not Session.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(db: None, method: str):
    assert (
        Client().generic(method, ADDRESS, BODY, content_type="application/json", headers=headers(BODY)).status_code
        == 405
    )


def test_two_secrets_hold_while_one_follows_the_other(db: None, settings):
    new = "whsec_bmV3LXNlY3JldC1mb3ItdGVzdHMtb25seQ=="
    settings.CODAT_WEBHOOK_SECRETS = [new, DEFAULT_SECRET]

    codes = [
        post(BODY, headers(BODY, secret=secret, message_id=secret[-8:])).status_code for secret in (new, DEFAULT_SECRET)
    ]

    assert codes == [200, 200]


def test_replayed_after_five_minutes_it_is_old(db: None, time_machine):
    told = headers(BODY)
    assert post(BODY, told).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(seconds=302))

    assert post(BODY, told).status_code == 400
