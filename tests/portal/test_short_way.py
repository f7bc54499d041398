"""The webhook's way in: short, and yet guarded and answered like every other."""

from __future__ import annotations

import pytest
from django.core.signals import got_request_exception, request_finished
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path as url

from tests.security.test_headers import objections
from tests.webhooks.letters import ADDRESS, headers, letter


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("whatever")


urlpatterns = [url("webhooks/broken/", broken)]
handler404 = "onboarding.views.errors.not_found"
handler500 = "onboarding.views.errors.went_wrong"


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.removesuffix("/")])
def test_event_meets_no_middleware_for_people(db: None, address: str):
    body = letter("company.created", {})

    answer = Client(enforce_csrf_checks=True).post(
        address, body, content_type="application/json", headers=headers(body)
    )

    assert answer.status_code == 200
    assert answer["Content-Length"] == "0"
    assert objections(answer) == []
    assert answer["X-Request-ID"]
    assert not {"Content-Language", "Vary", "Set-Cookie"} & set(answer.headers)
    assert not hasattr(answer.wsgi_request, "session")
    assert answer.resolver_match.view_name == ("webhook" if address == ADDRESS else "onboarding.views.webhook.webhook")


def test_name_that_is_not_ours_is_refused_here_too(db: None):
    body = letter("company.created", {})
    told = headers(body) | {"Host": "evil.example"}

    answer = Client().post(ADDRESS, body, content_type="application/json", headers=told)

    assert answer.status_code == 400
    assert objections(answer) == []


def test_other_addresses_behind_the_door_are_pages_that_do_not_exist(db: None):
    answer = Client().get("/webhooks/nobody/")

    assert answer.status_code == 404
    assert "<h1" in answer.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_error_is_told_of_and_answered_without_its_words(db: None, caplog):
    heard: list[str] = []

    def note(signal: object, **_told: object) -> None:
        heard.append("exception" if signal is got_request_exception else "finished")

    got_request_exception.connect(note)
    request_finished.connect(note)
    try:
        answer = Client(raise_request_exception=False).post("/webhooks/broken/")
    finally:
        got_request_exception.disconnect(note)
        request_finished.disconnect(note)

    assert answer.status_code == 500
    assert objections(answer) == []
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "whatever" not in answer.content.decode()
    assert heard == ["exception", "finished"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError]
