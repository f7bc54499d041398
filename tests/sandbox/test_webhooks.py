"""Webhooks: which events come, how they are signed, and when they come again."""

import pytest
from standardwebhooks import Webhook

from tests.sandbox.endpoint import Endpoint


def test_life_of_a_connection_is_told(api, sandbox, endpoint):
    sandbox.webhooks(lanes=1)
    company = api.company()
    path = f"/companies/{company['id']}/connections"
    connection = api.connection(company["id"])
    sandbox.cancel(connection["id"])
    sandbox.authorise(connection["id"])
    api.patch(f"{path}/{connection['id']}", json={"status": "Unlinked"})
    sandbox.authorise(connection["id"])
    sandbox.deauthorise(connection["id"])
    api.delete(f"{path}/{connection['id']}")
    api.delete(f"/companies/{company['id']}")
    sandbox.settle()

    assert endpoint.event_types == [
        "company.created",
        "connection.created",
        "connection.failed",
        "connection.connected",
        "read.completed.initial",
        "connection.disconnected",
        "connection.reconnected",
        "read.completed.initial",
        "connection.disconnected",
        "connection.deleted",
        "company.deleted",
    ]


def test_events_are_signed_as_the_standard_says(api, sandbox, endpoint):
    api.company()
    sandbox.settle()

    received = endpoint.received[0]
    assert Webhook(sandbox.webhook_secret).verify(received.body, received.headers)["eventType"] == "company.created"


def test_payload_names_company_and_connection(api, sandbox, endpoint):
    company = api.company("Quayside", uid="u-1")
    connection = api.connection(company["id"])
    sandbox.settle()

    payload = next(r.event["payload"] for r in endpoint.received if r.event_type == "connection.created")
    assert payload["referenceCompany"]["tags"] == {"uid": "u-1"}
    assert (payload["connection"]["id"], payload["connection"]["status"]) == (connection["id"], "PendingAuth")


def test_failed_delivery_comes_again_under_the_same_id(api, sandbox, endpoint):
    sandbox.webhooks(compress=1000)
    endpoint.answers = [500, 302, 200]
    api.company()
    sandbox.settle()

    assert len(endpoint.received) == 3
    assert len({received.message_id for received in endpoint.received}) == 1
    assert [delivery["status"] for delivery in sandbox.deliveries()] == [500, 302, 200]


def test_delivery_is_given_up_after_eight_attempts(api, sandbox, endpoint):
    sandbox.webhooks(compress=1_000_000)
    endpoint.answers = [500] * 8
    api.company()
    sandbox.settle()

    assert len(endpoint.received) == 8
    assert sandbox.replay() == 1
    sandbox.settle()
    assert len(endpoint.received) == 9


def test_endpoint_that_keeps_failing_is_disabled(api, sandbox, endpoint):
    sandbox.webhooks(compress=10_000_000)
    endpoint.answers = [500] * 100
    for _ in range(12):
        api.company()
        sandbox.settle()

    assert api.get("/webhooks").json()["results"][0]["disabled"] is True
    sent = len(endpoint.received)
    api.company()
    sandbox.settle()
    assert len(endpoint.received) == sent


def test_nobody_listening_counts_as_failure(api, sandbox):
    with Endpoint() as gone:
        url = gone.url
    sandbox.webhooks(url=url, compress=1_000_000)
    api.company()
    sandbox.settle()

    assert {delivery["status"] for delivery in sandbox.deliveries()} == {0}


def test_duplicates_share_the_message_id(api, sandbox, endpoint):
    sandbox.webhooks(duplicates=2)
    api.company()
    sandbox.settle()

    assert len(endpoint.received) == 3
    assert len({received.message_id for received in endpoint.received}) == 1


def test_shuffled_events_arrive_newest_first(api, sandbox, endpoint):
    sandbox.webhooks(shuffle=True)
    company = api.company()
    sandbox.authorise(api.connection(company["id"])["id"])
    sandbox.settle()

    assert endpoint.event_types == [
        "read.completed.initial",
        "connection.connected",
        "connection.created",
        "company.created",
    ]


@pytest.mark.parametrize(("manner", "replayed"), [({"off": True}, 1), ({"drop": True}, 0)])
def test_events_are_missed_or_gone(api, sandbox, endpoint, manner, replayed):
    sandbox.webhooks(**manner)
    api.company()
    sandbox.settle()
    assert endpoint.received == []

    sandbox.webhooks()

    assert sandbox.replay() == replayed


def test_storm_tells_the_present_statuses(sandbox, endpoint):
    sandbox.fill(10)

    sandbox.storm(100)
    sandbox.settle()

    assert endpoint.event_types == ["connection.connected"] * 100
    assert len({received.message_id for received in endpoint.received}) == 100


def test_any_event_can_be_sent(sandbox, endpoint):
    message_id = sandbox.emit("brand.new", {"a": 1}, message_id="msg_1", generated_at="2026-01-01T00:00:00Z")
    sandbox.settle()

    received = endpoint.received[0]
    assert message_id == received.message_id == "msg_1"
    assert (received.event_type, received.event["generatedDate"]) == ("brand.new", "2026-01-01T00:00:00Z")


def test_writes_and_expense_syncs_are_told(sandbox, endpoint, linked):
    sandbox.settle()
    endpoint.received.clear()

    sandbox.write(linked["id"], "suppliers")
    sandbox.expense_sync(linked["companyId"], successful=False)
    sandbox.settle()

    assert set(endpoint.event_types) == {"suppliers.write.successful", "expenses.sync.unsuccessful"}


def test_consumer_made_by_api_gets_what_it_asked_for(api, sandbox):
    with Endpoint() as receiver:
        body = {"url": receiver.url, "eventTypes": ["company.deleted"], "companyTags": ["region:uk"]}
        made = api.post("/webhooks", json=body)
        for region in ("uk", "us"):
            api.delete(f"/companies/{api.company(region=region)['id']}")
        sandbox.settle()

        assert (made.status_code, "secret" in made.text) == (201, False)
        assert [received.event["payload"]["tags"]["region"] for received in receiver.received] == ["uk"]
        assert api.delete(f"/webhooks/{made.json()['id']}").status_code == 204
        assert api.delete(f"/webhooks/{made.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"eventTypes": ["company.deleted"]},
        {"url": "ftp://example.com", "eventTypes": ["company.deleted"]},
        {"url": "https://example.com/", "eventTypes": []},
        {"url": "https://example.com/", "eventTypes": ["company.deleted"], "companyTags": ["region=uk"]},
    ],
)
def test_consumer_that_makes_no_sense_is_refused(api, body):
    assert api.post("/webhooks", json=body).status_code == 400


def test_connection_events_on_company_delete_come_on_order(api, sandbox, linked):
    sandbox.settings(connection_events_on_company_delete=True)

    api.delete(f"/companies/{linked['companyId']}")

    types = [event["eventType"] for event in sandbox.events()]
    assert types[-2:] == ["connection.deleted", "company.deleted"]
