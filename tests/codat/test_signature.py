import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from onboarding.codat import BadSignature, is_usable_secret, verify

from .conftest import told

SECRET = "whsec_" + base64.b64encode(b"the secret of the tests, no other").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret of last year, rotated").decode()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BODY = b'{"id": "1", "eventType": "connection.connected"}'


def signed(body=BODY, *, secret=SECRET, webhook_id="msg_1", at=NOW, family="webhook"):
    signature = Webhook(secret).sign(webhook_id, at, body.decode())
    headers = {"id": webhook_id, "timestamp": str(int(at.timestamp())), "signature": signature}
    return {f"{family}-{name}": value for name, value in headers.items()}


def refusal(body, headers, secrets=(SECRET,), now=NOW):
    with pytest.raises(BadSignature) as caught:
        verify(body, headers, secrets, now)
    return caught.value.reason


def test_documented_sample_is_verified():
    vector = told("webhook-signature-vector")

    with time_machine.travel(1614265330, tick=False):
        assert verify(vector["body"].encode(), vector["headers"], [vector["secret"]]) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("family", ["webhook", "svix", "Webhook", "WEBHOOK"])
def test_message_is_verified_under_either_name(family):
    assert verify(BODY, signed(family=family), [SECRET], NOW) == "msg_1"


@pytest.mark.parametrize("secrets", [[SECRET], [OLD_SECRET, SECRET], [SECRET, OLD_SECRET], ["", "whsec_?", SECRET]])
def test_message_is_verified_while_secrets_rotate(secrets):
    assert verify(BODY, signed(), secrets, NOW) == "msg_1"


def test_message_with_a_signature_for_each_secret_is_verified():
    headers = signed()
    headers["webhook-signature"] = f"{signed(secret=OLD_SECRET)['webhook-signature']} {headers['webhook-signature']}"

    assert verify(BODY, headers, [SECRET], NOW) == "msg_1"


def test_signature_of_another_version_is_passed_over():
    headers = signed()
    headers["webhook-signature"] = f"v1a,bm90IG91cnM= {headers['webhook-signature']}"

    assert verify(BODY, headers, [SECRET], NOW) == "msg_1"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a", " "])
def test_message_without_a_secret_to_check_it_is_refused(secret):
    assert refusal(BODY, signed(), [secret]) == "no secret"
    assert refusal(BODY, signed(), []) == "no secret"
    assert not is_usable_secret(secret)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_message_without_a_header_is_refused(name):
    assert refusal(BODY, {**signed(), name: ""}) == "missing"
    assert refusal(BODY, {key: value for key, value in signed().items() if key != name}) == "missing"


def test_message_under_mixed_names_is_verified_as_svix_does():
    headers = signed()
    headers["svix-id"] = headers.pop("webhook-id")

    assert verify(BODY, headers, [SECRET], NOW) == "msg_1"


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-299, None), (299, None), (-300, None), (300, None), (-301, "old"), (301, "future")]
)
def test_time_is_held_to_five_minutes_both_ways(seconds, reason):
    headers = signed(at=NOW + timedelta(seconds=seconds))

    if reason is None:
        assert verify(BODY, headers, [SECRET], NOW) == "msg_1"
    else:
        assert refusal(BODY, headers) == reason


def test_forgery_is_no_sign_of_a_wrong_clock():
    headers = signed(secret=OLD_SECRET, at=NOW - timedelta(hours=2))

    assert refusal(BODY, headers) == "mismatch"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", str(int(NOW.timestamp()) + 1)),
        ("webhook-signature", "v1,bm90IGl0"),
        ("webhook-signature", "v2,bm90IGl0"),
    ],
)
def test_changed_header_is_refused(name, value):
    assert refusal(BODY, {**signed(), name: value}) == "mismatch"


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], BODY.replace(b"1", b"2")])
def test_changed_body_is_refused(body):
    assert refusal(body, signed()) == "mismatch"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "m" * 300),
        ("webhook-id", "msg_\ud800"),
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "inf"),
        ("webhook-timestamp", "1e300"),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,a,b"),
        ("webhook-signature", "v1,a"),
        ("webhook-signature", "v1,\u00e9\u00e9\u00e9\u00e9"),
        ("webhook-signature", " "),
    ],
)
def test_unreadable_header_is_refused(name, value):
    assert refusal(BODY, {**signed(), name: value}) == "malformed"


def test_body_that_is_no_text_is_refused():
    assert refusal(b"\xff\xfe\x00", signed()) == "malformed"


def test_refusal_shows_neither_secret_nor_body():
    with pytest.raises(BadSignature) as caught:
        verify(BODY, signed(secret=OLD_SECRET), [SECRET], NOW)

    assert str(caught.value) == "webhook bad signature (mismatch)"


def library_accepts(body, headers):
    try:
        Webhook(SECRET).verify(body, headers, json_parse=False)
    except Exception:
        return False
    return True


def we_accept(body, headers):
    try:
        verify(body, headers, [SECRET])
    except BadSignature:
        return False
    return True


@st.composite
def damage(draw):
    """What befalls one part of a message: a piece is cut out and something else put there, or nothing is."""
    start, length = draw(st.integers(0, 60)), draw(st.integers(0, 3))
    return start, length, draw(st.sampled_from(["", " ", ",", "=", "v1,", "0", "a", "_", ".", "+", "\u00e9", "9" * 12]))


@given(
    part=st.sampled_from(["body", "id", "timestamp", "signature", "none"]),
    damage=damage(),
    seconds=st.integers(-310, 310),
    body=st.binary(max_size=40) | st.just(BODY),
)
@settings(max_examples=500, deadline=None)
@example(part="timestamp", damage=(10, 0, "."), seconds=0, body=BODY)
@example(part="timestamp", damage=(10, 0, " "), seconds=0, body=BODY)
@example(part="signature", damage=(0, 0, "v1,"), seconds=0, body=BODY)
@example(part="signature", damage=(60, 0, " "), seconds=0, body=BODY)
def test_verdict_is_the_librarys_on_damaged_messages(part, damage, seconds, body):
    start, length, put = damage
    at = NOW + timedelta(seconds=seconds)
    headers = signed(body.decode(errors="replace").encode(), at=at)
    if part == "body":
        body = body[:start] + put.encode() + body[start + length :]
    elif part != "none":
        name = f"webhook-{part}"
        headers[name] = headers[name][:start] + put + headers[name][start + length :]

    with time_machine.travel(NOW, tick=False):
        assert we_accept(body, headers) == library_accepts(body, headers)
