"""An invitation is accepted once, by a press of its button, in every state that it can be in."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.errors import LinkUsed
from onboarding.models import Company, Invitation, Mail, Membership, Role, User
from onboarding.usecases import companies, invitations
from tests import factories
from tests.signin.doors import ask, enter, is_signed_in, letters, mailed_code, mailed_path

BY_SAM = "sam@alderway.example"


@pytest.fixture
def bakery(db: None) -> Company:
    """A customer that nobody has invited yet."""
    return companies.create(
        customer_id="marlow",
        name="Marlow Street Bakery Ltd",
        email="ana@marlow.example",
        contact="Ana Marlow",
        product="bill_pay_async",
        by=factories.COMMAND,
    )


def path_of(invitation: Invitation) -> str:
    return invitations.url(invitation).removeprefix("http://testserver")


@pytest.fixture
def invitation(bakery: Company, sam: User) -> Invitation:
    return invitations.invite(bakery, by=Actor.staff(sam))


def test_page_says_who_asks_and_for_what(client: Client, invitation: Invitation, bakery: Company):
    page = client.get(path_of(invitation)).content.decode()

    assert "Connect Marlow Street Bakery Ltd to Alderway Bills" in page
    assert "Sam Reyes at Alderway sent this invitation to ana@marlow.example." in page
    assert "There are 6 to choose from." in page
    assert f'give the reference <span class="nowrap">{bakery.ref}</span>.' in page


def test_mail_scanner_uses_nothing_up(invitation: Invitation):
    scanner = Client()
    for _ in range(10):
        assert scanner.get(path_of(invitation)).status_code == 200
    assert scanner.head(path_of(invitation)).status_code == 200

    assert not User.objects.filter(email="ana@marlow.example").exists()
    assert Client().post(path_of(invitation)).status_code == 303


def test_accepting_signs_in_and_lands_on_choose(client: Client, invitation: Invitation, bakery: Company):
    answer = client.post(path_of(invitation))

    assert (answer.status_code, answer["Location"]) == (303, f"/c/{bakery.ref}/connect/")
    assert is_signed_in(client)
    membership = Membership.objects.get()
    assert (membership.user.email, membership.user.name, membership.role) == (
        "ana@marlow.example",
        "Ana Marlow",
        "member",
    )
    assert not membership.user.has_usable_password()


def test_first_acceptance_moves_the_company_and_is_told(client: Client, invitation: Invitation, bakery: Company):
    client.post(path_of(invitation))
    first = Company.objects.get().accepted_at
    second = invitations.invite(bakery, email="ben@books.example", by=factories.COMMAND)
    Client().post(path_of(second))

    bakery.refresh_from_db()
    assert (bakery.accepted_at, bakery.state) == (first, "signed_in")
    assert list(bakery.events.filter(kind="accepted").values_list("after", flat=True)) == [
        "ana@marlow.example",
        "ben@books.example",
    ]


def test_same_address_signs_in_by_code_later(client: Client, invitation: Invitation):
    client.post(path_of(invitation))
    later = Client()

    ask(later, "ana@marlow.example")

    assert enter(later, mailed_code()).status_code == 303


def test_second_press_by_somebody_else_is_told_to_sign_in(client: Client, invitation: Invitation):
    client.post(path_of(invitation))

    stranger = Client()
    page = stranger.post(path_of(invitation))

    assert page.status_code == 410
    assert "You have already accepted this invitation." in page.content.decode()
    assert "Sign in with a•••@marlow.example to carry on." in page.content.decode()
    assert not is_signed_in(stranger)


def test_second_press_in_the_same_browser_goes_on(client: Client, invitation: Invitation, bakery: Company):
    client.post(path_of(invitation))

    assert client.post(path_of(invitation))["Location"] == f"/c/{bakery.ref}/"
    assert client.get(path_of(invitation))["Location"] == f"/c/{bakery.ref}/"


def _end(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_ended_one_offers_a_new_one_to_the_same_address(client: Client, invitation: Invitation):
    _end(invitation)

    page = client.get(path_of(invitation))
    assert page.status_code == 410
    assert "We can send a new one to a•••@marlow.example." in page.content.decode()
    assert "ana@marlow.example" not in page.content.decode()

    sent = client.post(path_of(invitation), follow=True)
    assert "We have written to a•••@marlow.example." in sent.content.decode()
    assert letters()[-1].to == ["ana@marlow.example"]
    assert Client().post(mailed_path()).status_code == 303


def test_new_one_is_sent_three_times_a_day_at_most(invitation: Invitation):
    _end(invitation)
    statuses = []
    for _ in range(5):
        statuses.append(Client().post(path_of(invitation)).status_code)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert statuses == [303, 303, 303, 429, 429]


@pytest.mark.parametrize("token", ["guessed", "0" * 32, "0" * 32 + ".forged", "%00", "a.b.c"])
def test_unknown_one_is_404_whatever_is_pressed(client: Client, db: None, token: str):
    assert client.get(f"/invite/{token}/").status_code == 404
    assert client.post(f"/invite/{token}/").status_code == 404


def test_signature_of_another_row_opens_nothing(client: Client, invitation: Invitation, bakery: Company):
    other = invitations.invite(bakery, email="ben@books.example", by=factories.COMMAND)
    signature = path_of(other).partition(".")[2]

    assert client.post(f"/invite/{invitation.uid.hex}.{signature}").status_code == 404


def test_database_alone_opens_nothing(client: Client, invitation: Invitation):
    assert client.get(f"/invite/{invitation.uid.hex}/").status_code == 404
    letters()
    token = path_of(invitation).split("/")[2]
    assert token not in str(list(Mail.objects.values())) + str(list(Invitation.objects.values()))


def test_withdrawn_one_has_ended_and_sends_nothing(client: Client, invitation: Invitation):
    invitations.revoke(invitation, by=factories.COMMAND)

    page = client.post(path_of(invitation))

    assert page.status_code == 410
    assert "Ask the person who invited you." in page.content.decode()
    assert letters() == []


def test_somebody_else_signed_in_may_sign_out_and_go_on(client: Client, invitation: Invitation):
    client.force_login(factories.cleo())

    page = client.get(path_of(invitation)).content.decode()
    assert "You are signed in as cleo@other.example. It was sent to a•••@marlow.example." in page
    assert "This invitation is for someone else." in client.post(path_of(invitation)).content.decode()
    assert client.post(path_of(invitation), {"do": "sign_out"})["Location"] == path_of(invitation)

    assert client.post(path_of(invitation)).status_code == 303
    assert Membership.objects.get().user.email == "ana@marlow.example"


def test_pages_are_stored_nowhere_and_name_no_referrer(client: Client, invitation: Invitation):
    for answer in (client.get(path_of(invitation)), client.get("/invite/guessed/"), client.post(path_of(invitation))):
        assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store, private", "no-referrer")


def test_too_many_presses_are_429(client: Client, db: None):
    statuses = [client.post("/invite/guessed/").status_code for _ in range(21)]

    assert statuses[19:] == [404, 429]


def test_form_needs_its_own_token(invitation: Invitation):
    browser = Client(enforce_csrf_checks=True)
    browser.get(path_of(invitation))
    token = browser.cookies["csrftoken"].value

    assert browser.post(path_of(invitation), headers={"Origin": "null"}).status_code == 403
    answer = browser.post(path_of(invitation), {"csrfmiddlewaretoken": token}, headers={"Origin": "null"})
    assert answer.status_code == 303


def test_session_key_is_new(client: Client, invitation: Invitation):
    client.cookies["sessionid"] = "fixed-by-somebody-else-0123456789"

    client.post(path_of(invitation))

    assert client.cookies["sessionid"].value != "fixed-by-somebody-else-0123456789"


def test_staff_are_not_invited_and_never_come_in_that_way(client: Client, invitation: Invitation, bakery: Company):
    with pytest.raises(invitations.NotNow):
        invitations.invite(bakery, email=BY_SAM, by=factories.COMMAND)
    User.objects.create_user("ana@marlow.example", is_staff=True)

    assert client.post(path_of(invitation)).status_code == 404
    assert not is_signed_in(client)


def test_french_company_reads_french(client: Client, invitation: Invitation, bakery: Company):
    Company.objects.update(language="fr")

    page = client.get(path_of(invitation)).content.decode()

    assert "Connectez Marlow Street Bakery Ltd à Alderway " in page
    assert '<html lang="fr">' in page


def test_pressed_button_shows_as_opened(client: Client, invitation: Invitation):
    letters()
    client.post(path_of(invitation))

    invitation.refresh_from_db()
    assert invitation.opened_at is not None
    assert Mail.objects.get().opened_at is not None


def test_colleague_becomes_no_more_than_asked_and_a_member_no_less(
    client: Client, invitation: Invitation, bakery: Company
):
    client.post(path_of(invitation))
    ana = Membership.objects.get().user
    link = invitations.share(bakery, "ana@marlow.example", "", by=Actor.customer(ana))

    Client().post(path_of(link))

    assert Membership.objects.get(user=ana).role == Role.MEMBER


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_once_one_wins():
    made = companies.create(
        customer_id="m", name="Marlow", email="ana@marlow.example", product="expenses", by=factories.COMMAND
    )
    token = path_of(invitations.invite(made, by=factories.COMMAND)).split("/")[2]
    ends: list[str] = []
    start = threading.Barrier(2)

    def press() -> None:
        start.wait()
        try:
            invitations.accept(token)
            ends.append("in")
        except LinkUsed:
            ends.append("used")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["in", "used"]
    assert (User.objects.count(), Membership.objects.count()) == (1, 1)
