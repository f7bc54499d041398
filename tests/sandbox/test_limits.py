"""Keys, quota, and the Idempotency-Key."""

import base64
import uuid
from email.utils import parsedate_to_datetime
from threading import Thread

import pytest
import requests


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic wrong",
        "Bearer {key}",
        "Basic {colon}",
        "{key}",
    ],
)
def test_wrong_key_answers_401(sandbox, header):
    key = base64.b64encode(sandbox.api_key.encode()).decode()
    colon = base64.b64encode(f"{sandbox.api_key}:".encode()).decode()

    answer = requests.get(
        f"{sandbox.url}/companies", headers={"Authorization": header.format(key=key, colon=colon)}, timeout=10
    )

    assert answer.status_code == 401
    assert answer.headers["X-Rate-Limit-Limit"]


def test_quota_grows_with_active_companies(api, sandbox):
    sandbox.fill(3, connections_per_company=1, status=["Linked", "Linked", "Unlinked"])

    assert api.get("/profile").headers["X-Rate-Limit-Limit"] == "3000"


def test_every_answer_counts_down(api):
    first, second = api.get("/profile"), api.get("/nothing")

    left = [int(answer.headers["X-Rate-Limit-Remaining"]) for answer in (first, second)]
    assert left[0] - left[1] == 1
    assert first.headers["X-Rate-Limit-Reset"].endswith("T00:00:00.0000000Z")


def test_quota_used_up_answers_429_with_seconds(api, sandbox):
    sandbox.quota(daily=1)

    first, second = api.get("/profile"), api.get("/profile")

    assert (first.status_code, second.status_code) == (200, 429)
    assert 0 < int(second.headers["Retry-After"]) <= 86_400
    assert second.headers["X-Rate-Limit-Remaining"] == "0"


def test_retry_after_can_be_fixed_or_a_date(api, sandbox):
    sandbox.quota(daily=0, retry_after=30_000)
    fixed = api.get("/profile").headers
    sandbox.quota(daily=0, as_dates=True)
    dates = api.get("/profile").headers

    assert fixed["Retry-After"] == "30000"
    assert parsedate_to_datetime(dates["Retry-After"]) == parsedate_to_datetime(dates["X-Rate-Limit-Reset"])


def test_minute_limit_answers_429(api, sandbox):
    sandbox.quota(per_minute=2)

    statuses = [api.get("/profile").status_code for _ in range(3)]
    sandbox.clock(61)

    assert statuses == [200, 200, 429]
    assert api.get("/profile").status_code == 200


def test_midnight_resets_the_quota_and_tells(api, sandbox):
    sandbox.quota(daily=1)
    api.get("/profile")

    sandbox.clock(86_400)

    assert api.get("/profile").status_code == 200
    types = [event["eventType"] for event in sandbox.events()]
    assert types[:2] == ["client.rateLimit.reached", "client.rateLimit.reset"]


def test_same_key_repeats_the_answer_without_doing_it_again(api, sandbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    answers = [api.post("/companies", json={"name": "Once"}, headers=headers).json()["id"] for _ in range(2)]

    assert answers[0] == answers[1]
    assert len(sandbox.companies()) == 1
    assert [request.replayed for request in sandbox.requests(method="POST")] == [False, True]


def test_same_key_repeats_errors_too(api, sandbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    sandbox.next_answer(503, method="POST")

    statuses = [api.post("/companies", json={"name": "Once"}, headers=headers).status_code for _ in range(2)]

    assert statuses == [503, 503]
    assert sandbox.companies() == []


def test_same_key_after_429_is_tried_again(api, sandbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    sandbox.next_answer(429, method="POST", Retry_After=7)

    first, second = (api.post("/companies", json={"name": "Once"}, headers=headers) for _ in range(2))

    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert second.status_code == 200


def test_same_key_with_another_body_answers_422(api):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    api.post("/companies", json={"name": "One"}, headers=headers)

    assert api.post("/companies", json={"name": "Two"}, headers=headers).status_code == 422


def test_same_key_while_running_answers_409(api, sandbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    sandbox.slow(30, method="POST", after_effect=True)
    first = Thread(target=_ignored_post, args=(sandbox, headers))
    first.start()
    while not sandbox.companies():
        pass

    assert api.post("/companies", json={"name": "Once"}, headers=headers).status_code == 409
    sandbox.reset()  # ends the pause of the first
    first.join()


def _ignored_post(sandbox, headers):
    key = base64.b64encode(sandbox.api_key.encode()).decode()
    requests.post(
        f"{sandbox.url}/companies",
        json={"name": "Once"},
        headers={**headers, "Authorization": f"Basic {key}"},
        timeout=60,
    )


def test_key_is_forgotten_after_90_minutes(api, sandbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    api.post("/companies", json={"name": "Once"}, headers=headers)

    sandbox.clock(90 * 60)
    api.post("/companies", json={"name": "Once"}, headers=headers)

    assert len(sandbox.companies()) == 2


def test_key_is_ignored_on_other_methods(api):
    company, headers = api.company(), {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/companies/{company['id']}"

    assert api.put(path, json={"name": "One"}, headers=headers).json()["name"] == "One"
    assert api.put(path, json={"name": "Two"}, headers=headers).json()["name"] == "Two"


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [(b"{", "application/json", 400), (b"[]", "application/json", 400), (b"name=a", "text/plain", 415)],
)
def test_body_that_is_no_json_object_is_refused(api, content, content_type, status):
    answer = api.post("/companies", data=content, headers={"Content-Type": content_type})

    assert answer.status_code == status


def test_wrong_method_answers_405_and_unknown_address_404(api):
    assert api.delete("/companies").status_code == 405
    assert api.get("/nothing/here").status_code == 404
