"""A customer asks a colleague: one company, one step; sent again, withdrawn, five a day."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import Company, Event, Invitation, Mail, Membership, SoftwareRequest, User
from tests import factories
from tests.signin.doors import ask, enter, letters, mailed_code, mailed_path


@pytest.fixture
def bakery(ana: User) -> Company:
    return factories.company(ana)


@pytest.fixture
def page(bakery: Company) -> str:
    return f"/c/{bakery.ref}/share/"


@pytest.fixture
def browser(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def send(browser: Client, page: str, email: str = "ben@books.example", note: str = "Could you do this?"):
    return browser.post(page, {"email": email, "note": note})


def test_page_shows_what_they_will_read(browser: Client, page: str):
    shown = browser.get(page).content.decode()

    assert (
        "Ana Marlow asks you to connect the accounting software to Alderway Bills for Marlow Street Bakery Ltd."
        in shown
    )


def test_link_is_sent_and_listed(browser: Client, page: str):
    answer = send(browser, page)
    assert (answer.status_code, answer["Location"]) == (303, page)

    shown = browser.get(page).content.decode()
    assert "We have written to ben@books.example. The link works for 14 days." in shown
    assert "Not opened yet." in shown
    letter = letters()[-1]
    assert letter.subject == "Ana Marlow asks you to connect Marlow Street Bakery Ltd’s accounting software"
    assert letter.reply_to == ["ana@marlow.example"]
    assert "“Could you do this?”" in letter.body


def test_link_that_could_not_be_delivered_is_said_to_the_customer(browser: Client, page: str):
    send(browser, page)
    Mail.objects.filter(kind="colleague").update(bounced_at=timezone.now(), failed_at=timezone.now())

    shown = browser.get(page).content.decode()

    assert "ben@books.example takes no mail. Check the address, and send a new link." in shown
    assert "Send again" not in shown


def test_colleague_comes_in_without_registering_and_sees_one_step(browser: Client, page: str, bakery: Company):
    send(browser, page)
    colleague = Client()
    shown = colleague.get(mailed_path()).content.decode()
    assert (
        "Ana Marlow (Marlow Street Bakery Ltd) asks for your help. This invitation was sent to ben@books.example."
        in shown
    )

    assert colleague.post(mailed_path())["Location"] == f"/c/{bakery.ref}/connect/"

    assert colleague.get(f"/c/{bakery.ref}/connect/").status_code == 200
    assert colleague.get(page).status_code == 403
    assert colleague.get(f"/c/{bakery.ref}/").status_code == 403


def test_colleague_signs_in_by_code_later(browser: Client, page: str):
    send(browser, page)
    Client().post(mailed_path())
    later = Client()

    ask(later, "ben@books.example")

    assert enter(later, mailed_code()).status_code == 303


def test_withdrawn_link_opens_nothing_and_the_colleague_is_out(browser: Client, page: str, bakery: Company):
    send(browser, page)
    colleague = Client()
    colleague.post(mailed_path())
    link = Invitation.objects.get()

    assert browser.post(f"{page}{link.pk}/withdraw/").status_code == 303

    assert "It no longer opens anything." in browser.get(page).content.decode()
    assert colleague.get(f"/c/{bakery.ref}/connect/").status_code == 404
    assert not Membership.objects.filter(user__email="ben@books.example").exists()
    assert Event.objects.filter(kind="share.revoked").exists()


def test_link_is_sent_again_by_the_same_address(browser: Client, page: str):
    send(browser, page)
    first = mailed_path()

    browser.post(f"{page}{Invitation.objects.get().pk}/again/")

    assert mailed_path() == first
    assert len(letters()) == 2


def test_sixth_link_of_a_day_waits(browser: Client, page: str):
    for number in range(5):
        assert send(browser, page, f"colleague{number}@books.example").status_code == 303

    sixth = send(browser, page, "one-more@books.example")

    assert sixth.status_code == 429
    assert "You have tried many times in a short while." in sixth.content.decode()
    assert Mail.objects.count() == 5


def test_wrong_address_keeps_what_was_typed(browser: Client, page: str):
    answer = send(browser, page, "ben at books", "Hello")

    assert answer.status_code == 422
    assert 'value="ben at books"' in answer.content.decode()
    assert "Enter an email address, like name@example.com" in answer.content.decode()
    assert "Hello" in answer.content.decode()


def test_stranger_cannot_send_or_withdraw(browser: Client, page: str):
    send(browser, page)
    stranger = Client()
    stranger.force_login(factories.cleo())
    link = Invitation.objects.get()

    answers = [
        stranger.get(page),
        send(stranger, page),
        stranger.post(f"{page}{link.pk}/withdraw/"),
        stranger.post(f"{page}{link.pk}/again/"),
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_link_of_another_company_is_404(browser: Client, page: str):
    other = factories.company(factories.cleo(), customer_id="other")
    theirs = Client()
    theirs.force_login(User.objects.get(email="cleo@other.example"))
    send(theirs, f"/c/{other.ref}/share/")

    assert browser.post(f"{page}{Invitation.objects.get().pk}/withdraw/").status_code == 404


def test_note_is_only_text(browser: Client, page: str):
    send(browser, page, note="<script>alert(1)</script>\n<b>x</b>")
    path = mailed_path()

    assert "<script>alert" not in Client().get(path).content.decode()
    assert "<script>alert" not in letters()[-1].alternatives[0].content


def test_software_that_is_not_listed_becomes_a_task(browser: Client, bakery: Company):
    page = f"/c/{bakery.ref}/other/"
    assert browser.post(page, {"software": ""}).status_code == 422

    assert browser.post(page, {"software": " Sage 50 "})["Location"] == page

    assert "We will write to you within 2 working days." in browser.get(page).content.decode()
    assert SoftwareRequest.objects.get().software == "Sage 50"
    bakery.refresh_from_db()
    assert bakery.needs == "software"
    assert bakery.events.filter(kind="other.asked", after="Sage 50").exists()
