import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.codat import DailyQuota, Garbled, read_event, redacted
from onboarding.codat.events import MAX_DEPTH, REMOVED

from .conftest import PAYLOADS, told

COMPANY_ID = UUID("77921ff9-2491-4dfe-b23b-ff28f3e31e4f")
CONNECTION_ID = UUID("7baba7cc-4ae0-48fd-a617-98d55a6fc008")
EVENTS = sorted(path.name.removesuffix(".json") for path in PAYLOADS.glob("webhook.*.json"))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def event(name):
    return read_event(PAYLOADS.joinpath(f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", EVENTS)
def test_documented_event_is_read(name):
    read = event(name)

    assert read.event_type == told(name)["eventType"]
    assert read.id == told(name)["id"]
    assert read.generated_at is not None
    assert read.company_id == (None if read.event_type.startswith("client.") else COMPANY_ID)


@pytest.mark.parametrize("name", EVENTS)
def test_documented_event_keeps_no_link_when_stored(name):
    stored = json.dumps(event(name).payload)

    assert "://link" not in stored
    assert "linkUrl" not in stored and "redirect" not in stored


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("webhook.connection.created", "PendingAuth"),
        ("webhook.connection.connected", "Linked"),
        ("webhook.connection.failed", "PendingAuth"),
        ("webhook.connection.disconnected-unlinked", "Unlinked"),
        ("webhook.connection.disconnected-deauthorized", "Deauthorized"),
        ("webhook.connection.reconnected", "Linked"),
    ],
)
def test_connection_event_tells_the_status(name, status):
    read = event(name)

    assert (read.connection_id, read.status) == (CONNECTION_ID, status)
    assert (read.connection.id, read.connection.platform_key) == (CONNECTION_ID, "qhyg")


def test_failed_event_tells_why():
    [fault] = event("webhook.connection.failed").connection.errors

    assert (fault.status_code, fault.message) == ("403", "User cancelled")


def test_read_event_tells_of_each_data_type():
    read = event("webhook.read.completed")

    assert read.connection_id == CONNECTION_ID
    assert [(each.data_type, each.status, each.records_modified) for each in read.data_types] == [
        ("bills", "Complete", True),
        ("suppliers", "FetchError", False),
    ]


def test_read_event_of_two_connections_is_about_neither():
    body = told("webhook.read.completed")
    body["payload"]["dataTypes"][1]["connectionId"] = str(COMPANY_ID)

    read = read_event(body)

    assert read.connection_id is None
    assert [each.connection_id for each in read.data_types] == [CONNECTION_ID, COMPANY_ID]


def test_write_event_tells_its_connection_and_status():
    read = event("webhook.bills.write.unsuccessful")

    assert (read.connection_id, read.status, read.connection) == (CONNECTION_ID, "Failed", None)


def test_rate_limit_event_tells_the_quota():
    assert event("webhook.client.rateLimit.reached").quota == DailyQuota(12000, 0, datetime(2024, 9, 2, tzinfo=UTC))
    assert event("webhook.connection.connected").quota is None


def test_rate_limit_event_with_an_impossible_time_is_read():
    body = told("webhook.client.rateLimit.reset")
    body["payload"]["expiryDate"] = "2024-09-01T23:59:99Z"

    assert read_event(body).quota.expires_at == datetime(2024, 9, 1, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", [{}, {"payload": None}, {"eventType": 7, "payload": []}, {"payload": {"connection": {}}}]
)
def test_event_that_says_nothing_is_read(body):
    read = read_event(json.dumps(body))

    assert (read.id, read.event_type, read.generated_at, read.status) == ("", "", None, "")
    assert (read.company_id, read.connection_id, read.connection, read.data_types) == (None, None, None, ())


def test_event_with_a_connection_nobody_can_read_is_read():
    body = told("webhook.connection.connected")
    body["payload"]["connection"]["id"] = "seven"

    read = read_event(body)

    assert (read.company_id, read.connection_id, read.connection, read.status) == (COMPANY_ID, None, None, "Linked")


def test_event_of_a_kept_body_is_the_same():
    body = told("webhook.connection.failed")

    first, kept = read_event(json.dumps(body)), read_event(redacted(body))

    assert kept.payload == first.payload
    assert (kept.status, kept.connection.errors) == (first.status, first.connection.errors)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"text"', b"<html>", b"\xff", b'{"a":', b"[" * 100_000])
def test_body_that_is_no_object_is_garbled(body):
    with pytest.raises(Garbled):
        read_event(body)


@given(json_values)
def test_event_of_any_object_is_read(payload):
    read_event({"eventType": "connection.connected", "payload": payload, "generatedDate": payload})
    read_event({"eventType": "read.completed", "payload": {"dataTypes": payload, "connection": payload}})


@pytest.mark.parametrize(
    "secret",
    [
        "https://link.codat.io/company/7?link.otp=318805",
        "https://link-api.codat.io/companies/7/connections/8/start?otp=318805",
        "https://LINK.codat.io/company/7",
        "https://elsewhere.test/start?a=b&otp=318805",
        "https://elsewhere.test/start?LINK.OTP=318805",
        "https://elsewhere.test/?next=%2Fstart%3Fotp%3D318805",
        "https://elsewhere.test/?next=start%253Fotp%253D318805",
        "Open https://link.codat.io/company/7 to connect",
        "use otp=318805 please",
    ],
)
def test_secret_text_is_removed_wherever_it_lies(secret):
    kept = redacted({"note": secret, "deep": {"list": ["fine", {"x": secret}]}, secret: "as a name"})

    assert kept == {"note": REMOVED, "deep": {"list": ["fine", {"x": REMOVED}]}}


@pytest.mark.parametrize(
    "name", ["linkUrl", "LinkURL", "redirect", "otp", "link.otp", "accessToken", "oneTimePassword"]
)
def test_secret_field_is_removed_whatever_it_holds(name):
    assert redacted({"a": {name: "http://127.0.0.1:8100/x", "id": 1}}) == {"a": {"id": 1}}


@pytest.mark.parametrize("text", ["https://app.codat.io/companies/7/summary", "Biotope=7", "laptop", "redirect"])
def test_harmless_text_is_kept(text):
    assert redacted({"text": text}) == {"text": text}


def test_payload_is_left_as_it_was():
    body = told("webhook.connection.created")

    redacted(body)

    assert body == told("webhook.connection.created")


def test_depth_is_bounded():
    deep = {"linkUrl": "x"}
    for _ in range(500):
        deep = {"in": [deep]}

    kept = redacted(deep)

    assert json.dumps(kept).count("in") <= MAX_DEPTH
    assert "linkUrl" not in json.dumps(kept)


@given(json_values)
def test_kept_payload_is_what_a_database_takes(payload):
    text = json.dumps(redacted({"payload": payload}), allow_nan=False, ensure_ascii=False)

    assert "\\u0000" not in text
    text.encode()
