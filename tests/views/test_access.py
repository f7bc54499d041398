"""Who may open what: strangers, connectors, the signed-out; and that looking never changes anything."""

import pytest
from django.apps import apps
from django.test import Client

from onboarding.models import Membership, Role, User
from tests import factories
from tests.views.reading import heading_of, text_of
from tests.views.scenes import company_in

PAGES = ("", "activity/", "connect/", "connect/xero/", "connection/", "connection/disconnect/", "share/", "other/")
POSTS = (
    "connect/xero/go/",
    "connect/xero/email/",
    "connection/check/",
    "connection/reconnect/",
    "connection/disconnect/",
    "connection/keep/",
)


@pytest.mark.parametrize("where", PAGES)
def test_strangers_read_the_same_as_for_a_company_that_does_not_exist(where, ana, cleo, browser_of):
    company = company_in("linked", ana)
    client = browser_of(cleo)

    theirs, none = client.get(f"/c/{company.ref}/{where}"), client.get(f"/c/ZZZ-0000/{where}")

    assert (theirs.status_code, none.status_code) == (404, 404)
    assert heading_of(theirs) == "You cannot open this company."
    assert text_of(theirs) == text_of(none)
    assert cleo.email in text_of(theirs)


@pytest.mark.parametrize("where", POSTS)
def test_strangers_change_nothing(where, ana, cleo, browser_of):
    company = company_in("linked", ana)

    assert browser_of(cleo).post(f"/c/{company.ref}/{where}").status_code == 404
    assert company.connections.get().status == "Linked"


@pytest.mark.parametrize("where", PAGES)
def test_signed_out_people_sign_in_first_and_come_back(where, ana, client):
    company = company_in("linked", ana)

    answer = client.get(f"/c/{company.ref}/{where}")

    assert answer.status_code == 302
    assert answer.url == f"/sign-in/?next=/c/{company.ref}/{where}"


def test_the_way_back_from_link_survives_a_lost_session(client, db):
    answer = client.get("/return/?statusCode=200&connectionId=abc")

    assert answer.url == "/sign-in/?next=/return/%3FstatusCode%3D200%26connectionId%3Dabc"


@pytest.mark.parametrize("where", [*POSTS, "connect/xero/go/"])
def test_what_changes_something_answers_to_post_alone(where, at_ana, ana):
    company = company_in("none", ana)

    if where != "connection/disconnect/":
        assert at_ana.get(f"/c/{company.ref}/{where}").status_code == 405


def test_posts_need_the_token_of_their_form(ana, browser_of):
    company = company_in("linked", ana)

    answer = browser_of(ana, enforce_csrf_checks=True).post(f"/c/{company.ref}/connection/disconnect/")

    assert answer.status_code == 403
    assert heading_of(answer) == "You were signed out to protect your account."


@pytest.mark.parametrize("state", ["none", "checking", "reading", "linked", "expired", "disconnected", "failed"])
def test_looking_changes_no_row(state, at_ana, ana):
    company = company_in(state, ana)
    before = _rows()

    for page in PAGES:
        at_ana.get(f"/c/{company.ref}/{page}")

    assert _rows() == before


def _rows() -> dict[str, list]:
    models = [model for model in apps.get_app_config("onboarding").get_models() if model is not User]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("where", PAGES)
def test_no_browser_keeps_a_copy(where, at_ana, ana):
    company = company_in("linked", ana)

    assert at_ana.get(f"/c/{company.ref}/{where}")["Cache-Control"] == "no-store, private"


def _connector_at(company, browser_of) -> Client:
    user = factories.person("colleague@books.example", "Carla Colleague")
    Membership.objects.create(company=company, user=user, role=Role.CONNECTOR)
    return browser_of(user)


@pytest.mark.parametrize("where", ["", "activity/", "connection/disconnect/"])
def test_connectors_meet_403_beyond_what_was_asked_of_them(where, ana, browser_of):
    client = _connector_at(company_in("linked", ana), browser_of)
    ref = ana.companies.get().ref

    assert client.get(f"/c/{ref}/{where}").status_code == 403


def test_connectors_see_choose_and_before_without_the_ways_on(ana, browser_of):
    company = company_in("none", ana)
    client = _connector_at(company, browser_of)

    choose, before = client.get(f"/c/{company.ref}/connect/"), client.get(f"/c/{company.ref}/connect/xero/")

    assert (choose.status_code, before.status_code) == (200, 200)
    assert [words for words in ("Someone else keeps our books", "Send a link") if words in text_of(choose)] == []
    assert client.get("/").url == f"/c/{company.ref}/connect/"


def test_connectors_see_their_own_result_and_no_other(ana, browser_of):
    company = company_in("linked", ana)
    client = _connector_at(company, browser_of)
    assert client.get(f"/c/{company.ref}/connection/").url == f"/c/{company.ref}/connect/"

    company.connections.update(started_by=User.objects.get(email="colleague@books.example"))
    answer = client.get(f"/c/{company.ref}/connection/")

    assert heading_of(answer) == "Xero is connected"
    assert [words for words in ("Disconnect Xero", "Activity") if words in text_of(answer)] == []


def test_erased_companies_are_nobodys(at_ana, ana):
    company = company_in("none", ana)
    type(company).objects.update(erased_at=company.created_at)

    assert at_ana.get(f"/c/{company.ref}/").status_code == 404
