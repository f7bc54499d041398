"""What the address of the webhooks answers, and what it keeps."""

import gzip
import json
import time
from io import BytesIO
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection as database
from django.test import Client, RequestFactory
from svix.webhooks import Webhook

from onboarding.models import Delivery, Tally
from onboarding.views.webhook import webhook
from tests.kit import DEFAULT_SECRET
from tests.webhooks.letters import ADDRESS, headers, letter, post

pytestmark = pytest.mark.django_db
OTHER_SECRET = "whsec_b3RoZXItc2VjcmV0LW9mLXRoZS10ZXN0cy0wMTIz"
BODY = letter("company.created", {"id": "77921ff9-2491-4dfe-b23b-ff28f3e31e4f"})
PAYLOADS = sorted((Path(__file__).parent.parent / "payloads").glob("webhook.*.*.json"))


def tallies() -> dict[str, int]:
    return dict(Tally.objects.values_list("name", "count"))


@pytest.mark.parametrize("address", ["/webhooks/codat/", "/webhooks/codat"])
def test_a_true_event_is_kept_with_and_without_the_final_slash(address):
    assert post(BODY, address=address) == 200
    assert Delivery.objects.get().event_type == "company.created"


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_published_event_is_kept(path):
    assert post(path.read_bytes()) == 200
    assert Delivery.objects.get().event_type == json.loads(path.read_bytes())["eventType"]


def test_a_repeated_event_is_kept_once():
    signed = headers(BODY, message_id="msg_1")

    assert [post(BODY, signed=signed) for _ in range(3)] == [200, 200, 200]
    assert Delivery.objects.count() == 1


def test_an_unknown_type_is_kept_and_acknowledged():
    assert post(letter("something.new", {"extra": [1, None]})) == 200
    assert Delivery.objects.get().event_type == "something.new"


def test_link_urls_and_one_time_passwords_are_not_kept():
    payload = {"connection": {"linkUrl": "https://link.codat.io/x?otp=742271", "platformName": "Xero"}, "otp": "742271"}

    post(letter("connection.created", payload))

    assert Delivery.objects.get().payload == {"connection": {"platformName": "Xero"}}


@pytest.mark.parametrize(
    ("seconds", "status", "reason"),
    [(-299, 200, None), (299, 200, None), (-302, 400, "old"), (302, 400, "future")],
)
def test_the_clock_may_be_five_minutes_off(seconds, status, reason):
    assert post(BODY, at=time.time() + seconds) == status
    assert tallies() == ({f"webhook.refused.{reason}": 1} if reason else {})


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(missing):
    signed = {name: value for name, value in headers(BODY).items() if name != missing}

    assert post(BODY, signed=signed) == 400
    assert tallies() == {"webhook.refused.missing": 1}


@pytest.mark.parametrize("signature", ["v1,AAAA", "v1", "v1,???", "v2,AAAA", "  ", "v1,"])
def test_a_wrong_signature_is_refused_and_nothing_kept(signature):
    assert post(BODY, signed=headers(BODY) | {"webhook-signature": signature}) == 400
    assert not Delivery.objects.exists()


def test_another_endpoints_secret_is_refused():
    assert post(BODY, secret=OTHER_SECRET) == 400
    assert tallies() == {"webhook.refused.mismatch": 1}


def test_both_secrets_hold_during_a_rotation_and_uses_of_the_old_one_are_counted(settings):
    settings.CODAT_WEBHOOK_SECRETS = [OTHER_SECRET, DEFAULT_SECRET]

    assert [post(BODY, secret=OTHER_SECRET), post(BODY, secret=DEFAULT_SECRET)] == [200, 200]
    assert tallies() == {"webhook.old_secret": 1}


def test_a_header_with_two_signatures_passes_if_one_is_right():
    signed = headers(BODY)
    signed["webhook-signature"] = (
        headers(BODY, secret=OTHER_SECRET)["webhook-signature"] + " " + signed["webhook-signature"]
    )

    assert post(BODY, signed=signed) == 200


def test_without_a_secret_everything_is_refused(settings):
    settings.CODAT_WEBHOOK_SECRETS = []

    assert post(BODY) == 400
    assert tallies() == {"webhook.refused.no secret": 1}


def test_other_methods_are_refused():
    answer = Client().get(ADDRESS)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_other_kinds_of_body_are_refused():
    assert Client().post(ADDRESS, {"a": "b"}).status_code == 415


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 200), (2_621_440, 200), (2_621_441, 413), (2_700_000, 413)])
def test_bodies_may_be_two_and_a_half_megabytes(size, status):
    body = letter("company.created", {"padding": ""})
    body = body[:-3] + b"x" * (size - len(body)) + body[-3:]

    assert post(body) == status


def test_a_body_shorter_than_announced_is_refused():
    request = RequestFactory().post(ADDRESS, content_type="application/json", headers=headers(BODY))
    environ = request.environ | {"wsgi.input": BytesIO(BODY), "CONTENT_LENGTH": str(len(BODY) + 1)}

    assert webhook(WSGIRequest(environ)).status_code == 400


def test_a_packed_body_is_refused():
    packed, signed = gzip.compress(BODY), headers(BODY)

    answer = Client().post(
        ADDRESS, packed, content_type="application/json", headers=signed | {"Content-Encoding": "gzip"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"null", b'{"payload": NaN}'])
def test_a_signed_body_that_is_no_event_is_refused(body):
    assert post(body) == 400
    assert not Delivery.objects.exists()


def test_a_body_that_is_not_utf_8_is_refused():
    assert post(b"\xff\xfe{}", signed=headers(BODY)) == 400


def test_the_endpoint_sets_no_cookie_and_asks_for_no_session(django_assert_num_queries):
    signed = headers(BODY)
    with django_assert_num_queries(1):
        answer = Client().post(ADDRESS, BODY, content_type="application/json", headers=signed)

    assert answer.cookies == {}


def test_an_event_of_a_hostile_shape_is_kept():
    payload = {"referenceCompany": [1], "connection": "text", "dataTypes": {"a": 1}, "tags": None}

    assert post(letter("connection.connected", payload)) == 200


def test_a_very_long_message_id_is_kept_once():
    signed = headers(BODY, message_id="msg_" + "x" * 200)

    assert [post(BODY, signed=signed), post(BODY, signed=signed)] == [200, 200]
    assert Delivery.objects.count() == 1


def test_svix_agrees_with_the_names_of_its_own_headers():
    signed = {name.replace("webhook-", "svix-"): value for name, value in headers(BODY).items()}
    Webhook(DEFAULT_SECRET).verify(BODY, signed)

    assert post(BODY, signed=signed) == 200


def test_an_event_that_the_database_does_not_take_is_not_acknowledged(caplog):
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE onboarding_delivery RENAME TO onboarding_away")

    assert post(BODY) == 503
    assert "webhook not kept" in caplog.text
