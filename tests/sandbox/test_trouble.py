"""Trouble on order: every kind happens, as often as ordered, to the requests meant."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_next_answer_stands_in_for_the_true_one(api, sandbox):
    sandbox.next_answer(503, method="POST", path="/companies$")

    other, hit, after = api.get("/companies"), api.post("/companies", json={"name": "A"}), api.get("/companies")

    assert [answer.status_code for answer in (other, hit, after)] == [200, 503, 200]
    assert hit.json()["error"].startswith("The Codat API is temporarily offline")
    assert sandbox.companies() == []


def test_error_after_the_effect_has_done_the_work(api, sandbox):
    sandbox.next_answer(500, method="POST", after_effect=True)

    assert api.post("/companies", json={"name": "A"}).status_code == 500
    assert len(sandbox.companies()) == 1


def test_lost_answer_has_done_the_work(api, sandbox):
    sandbox.lose_answer(method="POST")

    with pytest.raises(requests.ConnectionError):
        api.post("/companies", json={"name": "A"})

    assert len(sandbox.companies()) == 1
    assert [(request.status, request.fate) for request in sandbox.requests()] == [(200, "lose")]


@pytest.mark.parametrize("kind", ["half", "reset"])
def test_broken_line_has_done_the_work(api, sandbox, kind):
    sandbox.garble(kind, method="POST")

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.post("/companies", json={"name": "A"})

    assert len(sandbox.companies()) == 1


@pytest.mark.parametrize("kind", ["json", "html"])
def test_garbled_answer_cannot_be_read(api, sandbox, kind):
    sandbox.garble(kind)

    answer = api.get("/companies")

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


def test_slow_answer_comes_too_late(api, sandbox):
    sandbox.slow(30, method="POST", after_effect=True)

    with pytest.raises(requests.Timeout):
        requests.post(f"{sandbox.url}/companies", json={"name": "A"}, headers=dict(api.headers), timeout=0.3)

    assert len(sandbox.companies()) == 1


def test_redirect_goes_where_ordered(api, sandbox):
    sandbox.next_answer(302, Location="http://127.0.0.1:1/")

    answer = api.get("/companies")

    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:1/")


def test_every_nth_request_is_hit(api, sandbox):
    sandbox.next_answer(500, method="POST", every=3, times=None, after_effect=True)

    statuses = [api.post("/companies", json={"name": "A"}).status_code for _ in range(7)]

    assert statuses == [200, 200, 500, 200, 200, 500, 200]
    assert len(sandbox.companies()) == 7


def test_trouble_ends_when_told(api, sandbox):
    sandbox.next_answer(500, times=None)
    assert api.get("/profile").status_code == 500

    sandbox.no_more_trouble()

    assert api.get("/profile").status_code == 200


def test_request_log_tells_what_was_asked(api, sandbox):
    api.post("/companies", json={"name": "A"}, headers={"Idempotency-Key": "key-1"})
    api.get("/companies?page=1&pageSize=2")

    post, get = sandbox.requests()

    assert (post.method, post.path, post.body, post.idempotency_key) == ("POST", "/companies", {"name": "A"}, "key-1")
    assert (get.query, get.status, get.invalid) == ("page=1&pageSize=2", 200, False)
    assert sandbox.requests(path="pageSize=2") == [get]


def test_request_log_marks_what_a_careful_client_never_sends(api, sandbox):
    api.post("/companies", json={"name": ""})
    api.get("/nothing")
    api.get("/companies/5d4f0c0e-0000-0000-0000-000000000000")
    sandbox.next_answer(400)
    api.get("/companies")

    assert [request.invalid for request in sandbox.requests()] == [True, True, False, False]


def test_orders_are_neither_counted_nor_logged(api, sandbox):
    sandbox.companies()

    assert sandbox.requests() == []
    assert sandbox.counts().get("requests", 0) == 0


def test_reset_forgets_everything(api, sandbox):
    api.company()
    sandbox.next_answer(500, times=None)
    sandbox.enable("qhyg", on=False)

    sandbox.reset()

    assert (sandbox.companies(), sandbox.requests()) == ([], [])
    assert api.get("/integrations/qhyg").json()["enabled"] is True


def test_fill_makes_what_was_asked_for(sandbox):
    made = sandbox.fill(4, connections_per_company=1.5, uids=["a", "b", "c", "d"], status=["Linked", "PendingAuth"])

    companies = sandbox.companies()
    assert [company["tags"]["uid"] for company in companies] == ["a", "b", "c", "d"]
    assert [company["id"] for company in companies] == [company["id"] for company in made]
    assert sum(len(company["connections"]) for company in companies) == 6
    assert sandbox.events() == []


def test_timestamps_come_in_every_shape_when_ordered(api, sandbox):
    sandbox.settings(mixed_timestamps=True)

    created = [api.company()["created"] for _ in range(30)]

    assert {len(text) for text in created} == {20, 22, 23, 24, 26, 28, 32}


def test_drift_changes_the_status_silently(api, sandbox, linked):
    before = len(sandbox.events())

    sandbox.drift(linked["id"], "Deauthorized")

    assert sandbox.connection(linked["id"])["status"] == "Deauthorized"
    assert len(sandbox.events()) == before


def test_slow_answer_is_let_go_when_trouble_ends(api, sandbox):
    sandbox.slow(30, times=None)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(api.get, "/profile")
        while not sandbox.requests("/profile"):
            time.sleep(0.01)
        sandbox.no_more_trouble()

        assert answer.result(10).status_code == 200
