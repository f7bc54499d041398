"""The button of a mail signs in once; looking at it uses nothing up."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from onboarding.errors import LinkEnded
from onboarding.models import Mail, SignInLink, User
from onboarding.usecases import signin
from tests.signin.doors import ask, is_signed_in, mailed_path

PREFIX = "http://testserver"


def path_for(user: User, next_path: str = "", **more) -> str:
    return signin.link_for(user, next_path, **more).removeprefix(PREFIX)


def test_mail_scanner_uses_nothing_up(client: Client, ana: User):
    ask(client, "ana@marlow.example", "/companies/")
    path = mailed_path()
    scanner = Client()

    for _ in range(10):
        assert scanner.get(path).status_code == 200
    assert scanner.head(path).status_code == 200

    assert not is_signed_in(scanner)
    other_browser = Client()
    assert other_browser.post(path)["Location"] == "/companies/"
    assert is_signed_in(other_browser)


def test_page_asks_by_address_and_is_stored_nowhere(client: Client, ana: User):
    page = client.get(path_for(ana))

    assert "Sign in as ana@marlow.example?" in page.content.decode()
    assert page["Cache-Control"] == "no-store, private"
    assert page["Referrer-Policy"] == "no-referrer"


def test_link_works_once(ana: User):
    path = path_for(ana)
    assert Client().post(path).status_code == 303

    again = Client().post(path)

    assert again.status_code == 410
    assert "This link has ended." in again.content.decode()


def test_link_ends_in_time_and_leads_to_the_same_page_by_code(client: Client, ana: User, time_machine):
    path = path_for(ana, "/c/MSB-4821/", lives=timedelta(minutes=15))
    time_machine.move_to(timezone.now() + timedelta(minutes=15, seconds=1))

    page = client.get(path)

    assert page.status_code == 410
    assert 'href="/sign-in/?next=%2Fc%2FMSB-4821%2F"' in page.content.decode()


def test_unknown_link_is_404(client: Client, db: None):
    assert client.get("/sign-in/link/guessed/").status_code == 404
    assert client.post("/sign-in/link/guessed/").status_code == 404


def test_database_keeps_a_digest_alone(ana: User):
    token = path_for(ana).split("/")[-2]

    row = SignInLink.objects.get()
    assert token not in str(vars(row))
    assert row.digest != token


def test_code_mail_row_holds_no_token(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    token = mailed_path().split("/")[-2]

    assert token not in str(Mail.objects.values().get())


def test_staff_have_no_link_and_lose_one_they_had(ana: User, sam: User):
    with pytest.raises(ValueError, match="staff"):
        signin.link_for(sam)
    path = path_for(ana)
    User.objects.update(is_staff=True)

    assert Client().post(path).status_code == 410


def test_person_who_may_no_longer_sign_in_is_refused(ana: User):
    path = path_for(ana)
    User.objects.update(is_active=False)

    assert Client().post(path).status_code == 410


def test_form_needs_its_own_token_though_browsers_send_a_null_origin(ana: User):
    browser = Client(enforce_csrf_checks=True)
    path = path_for(ana)
    browser.get(path)
    token = browser.cookies["csrftoken"].value

    assert browser.post(path, headers={"Origin": "null"}).status_code == 403
    assert (
        browser.post(path, {"csrfmiddlewaretoken": token}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    assert browser.post(path, {"csrfmiddlewaretoken": token}, headers={"Origin": "null"}).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_once_one_wins():
    user = User.objects.create_user("ana@marlow.example")
    token = path_for(user).split("/")[-2]
    ends: list[str] = []
    start = threading.Barrier(2)

    def press() -> None:
        start.wait()
        try:
            signin.use_link(token)
            ends.append("in")
        except LinkEnded:
            ends.append("ended")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["ended", "in"]
