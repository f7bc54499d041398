"""Sessions end by an idle limit and an absolute one, by a new password, and when staff say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import User
from onboarding.usecases import signin
from tests import factories

PAGE = "/companies/"


@pytest.fixture
def browser(ana: User) -> Client:
    factories.company(ana)
    factories.company(ana, customer_id="second")
    client = Client()
    client.force_login(ana)
    assert client.get(PAGE).status_code == 200
    return client


def _in(time_machine, **later: int) -> None:
    time_machine.move_to(timezone.now() + timedelta(**later), tick=False)


def test_customer_is_signed_out_after_12_idle_hours_and_comes_back(browser: Client, time_machine):
    _in(time_machine, hours=12, seconds=1)

    answer = browser.get(f"{PAGE}?page=1")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?out=1&next=/companies/%3Fpage%3D1")
    assert "You were signed out to protect your account." in browser.get(answer["Location"]).content.decode()


def test_customer_who_is_active_stays_until_the_seventh_day(browser: Client, time_machine):
    began = timezone.now()
    for hours in range(11, 24 * 7, 11):
        time_machine.move_to(began + timedelta(hours=hours), tick=False)
        assert browser.get(PAGE).status_code == 200

    time_machine.move_to(began + timedelta(days=7, seconds=1), tick=False)

    assert browser.get(PAGE).status_code == 302


@pytest.mark.parametrize(("later", "status"), [({"minutes": 59}, 200), ({"minutes": 61}, 302)])
def test_staff_are_signed_out_after_an_idle_hour(sam: User, time_machine, later: dict[str, int], status: int):
    User.objects.filter(pk=sam.pk).update(is_superuser=True)
    sam.refresh_from_db()
    client = Client()
    client.force_login(sam)
    assert client.get("/admin/").status_code == 200
    _in(time_machine, **later)

    answer = client.get("/admin/")

    assert answer.status_code == status
    assert answer.headers.get("Location") in (None, "/admin/login/?next=/admin/")


def test_staff_stay_no_longer_than_12_hours(sam: User, time_machine):
    User.objects.filter(pk=sam.pk).update(is_superuser=True)
    sam.refresh_from_db()
    client = Client()
    client.force_login(sam)
    began = timezone.now()
    for minutes in range(0, 12 * 60, 50):
        time_machine.move_to(began + timedelta(minutes=minutes), tick=False)
        assert client.get("/admin/").status_code == 200

    time_machine.move_to(began + timedelta(hours=12, seconds=2), tick=False)

    assert client.get("/admin/").status_code == 302


def test_page_that_asks_by_itself_keeps_nobody_signed_in(browser: Client, time_machine):
    began = timezone.now()
    for hours in (4, 8, 11):
        time_machine.move_to(began + timedelta(hours=hours), tick=False)
        browser.get(PAGE, headers={"HX-Request": "true"})

    time_machine.move_to(began + timedelta(hours=13), tick=False)

    assert browser.get(PAGE).status_code == 302


def test_fragment_of_an_ended_session_moves_the_whole_page(browser: Client, time_machine):
    _in(time_machine, hours=13)

    answer = browser.get(
        "/c/MSB-4821/connection/status/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/c/MSB-4821/connection/"},
    )

    assert answer["HX-Redirect"] == "/sign-in/?out=1&next=/c/MSB-4821/connection/"


def test_form_of_an_ended_session_leads_back_to_its_page_and_changes_nothing(browser: Client, time_machine):
    _in(time_machine, hours=13)

    answer = browser.post(
        "/c/MSB-4821/connect/xero/go/", headers={"Referer": "http://testserver/c/MSB-4821/connect/xero/"}
    )

    assert answer["Location"] == "/sign-in/?out=1&next=/c/MSB-4821/connect/xero/"


def test_referer_of_another_site_leads_to_the_front_door(browser: Client, time_machine):
    _in(time_machine, hours=13)

    answer = browser.post("/c/MSB-4821/connect/xero/go/", headers={"Referer": "https://evil.example/c/MSB-4821/"})

    assert answer["Location"] == "/sign-in/?out=1&next=/"


def test_ended_session_cannot_be_used_again(browser: Client, time_machine):
    old = browser.cookies["sessionid"].value
    _in(time_machine, hours=13)
    browser.get(PAGE)

    thief = Client()
    thief.cookies["sessionid"] = old

    assert thief.get(PAGE)["Location"].startswith("/sign-in/")


def test_signing_out_kills_the_old_cookie(browser: Client):
    old = browser.cookies["sessionid"].value
    assert browser.post("/sign-out/").status_code == 303

    thief = Client()
    thief.cookies["sessionid"] = old

    assert thief.get(PAGE).status_code == 302


def test_staff_can_end_all_sessions_of_a_customer(browser: Client, ana: User):
    link = signin.link_for(ana).removeprefix("http://testserver")

    signin.end_sessions(ana)

    assert browser.get(PAGE).status_code == 302
    assert Client().post(link).status_code == 410


def test_customer_can_sign_in_again_after_that(browser: Client, ana: User):
    signin.end_sessions(ana)

    assert Client().post(signin.link_for(ana).removeprefix("http://testserver")).status_code == 303


def test_disabled_person_is_out_at_once(browser: Client, ana: User):
    User.objects.filter(pk=ana.pk).update(is_active=False)

    assert browser.get(PAGE).status_code == 302


def test_new_password_ends_the_other_sessions(sam: User):
    User.objects.filter(pk=sam.pk).update(is_superuser=True)
    sam.refresh_from_db()
    client = Client()
    client.force_login(sam)
    assert client.get("/admin/").status_code == 200

    sam.set_password("quite-another-password")
    sam.save()

    assert client.get("/admin/").status_code == 302


def test_get_request_signs_nobody_out(browser: Client):
    assert browser.get("/sign-out/").status_code == 405
    assert browser.get(PAGE).status_code == 200


def test_form_of_nobody_leads_back_to_its_page(client: Client, db: None):
    answer = client.post(
        "/c/MSB-4821/connect/xero/go/", headers={"Referer": "http://testserver/c/MSB-4821/connect/xero/"}
    )

    assert (answer.status_code, answer["Location"]) == (303, "/sign-in/?next=/c/MSB-4821/connect/xero/")


def test_nobody_in_the_admin_is_sent_to_staffs_door(client: Client, db: None):
    assert client.get("/admin/auth/group/?q=a")["Location"] == "/admin/login/?next=/admin/auth/group/%3Fq%3Da"
