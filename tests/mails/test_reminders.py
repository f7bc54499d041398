"""Reminders come on their days, once, and stop when there is nothing left to remind of."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail as outgoing
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Company, Connection, Mail, User
from onboarding.usecases import door, invitations, links, mails, standing
from onboarding.usecases.mails import reminders
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return factories.ana()


def run(now: datetime) -> None:
    """An hour of the clock: reminders are written, mails leave."""
    standing.refresh_needs(now)
    reminders.remind(now)
    mails.send_due(now=now)


def days_of_letters(begin: datetime, days: int) -> list[int]:
    """On which days a letter left, with the clock running every six hours."""
    left = []
    for hours in range(0, days * 24, 6):
        before = len(outgoing.outbox)
        run(begin + timedelta(hours=hours))
        left += [hours // 24] * (len(outgoing.outbox) - before)
    return left


@pytest.fixture
def invited(db: None) -> Company:
    made = factories.company()
    Company.objects.update(accepted_at=None)
    invitations.invite(made, by=factories.COMMAND)
    return made


def test_invitation_comes_again_on_days_3_and_7(invited: Company):
    assert days_of_letters(timezone.now(), 20) == [0, 3, 7]
    assert len({letter.body.split("/invite/")[1].split("/")[0] for letter in outgoing.outbox}) == 1


def test_accepted_invitation_is_not_repeated(invited: Company):
    run(timezone.now())
    invitations.accept(links.invitation_path(invited.invitations.get()).split("/")[2])

    assert days_of_letters(timezone.now() + timedelta(days=1), 14) == []


def test_withdrawn_invitation_is_not_repeated(invited: Company):
    run(timezone.now())
    invitations.revoke(invited.invitations.get(), by=factories.COMMAND)

    assert days_of_letters(timezone.now() + timedelta(days=1), 14) == []


def test_bounced_address_is_not_written_to_again(invited: Company):
    run(timezone.now())
    Mail.objects.update(bounced_at=timezone.now())

    assert days_of_letters(timezone.now() + timedelta(days=1), 14) == []


def test_clock_that_stood_still_sends_one_and_not_two(invited: Company):
    run(timezone.now())
    outgoing.outbox.clear()

    assert days_of_letters(timezone.now() + timedelta(days=8), 5) == [0]


def test_colleagues_are_asked_once(ana: User):
    made = factories.company(ana)
    invitations.share(made, "ben@books.example", "", by=Actor.customer(ana))

    assert days_of_letters(timezone.now(), 12) == [0]


def expired(ana: User) -> Connection:
    connection = factories.local_connection(factories.company(ana), started_by=ana, first_read_at=timezone.now())
    door.record({connection.pk: Observation("Deauthorized", timezone.now(), Source.WEBHOOK)})
    connection.refresh_from_db()
    return connection


def test_expired_access_is_told_on_days_0_2_and_7(ana: User):
    expired(ana)

    assert days_of_letters(timezone.now(), 20) == [0, 2, 7]


def test_expired_access_that_works_again_is_told_no_more(ana: User):
    connection = expired(ana)
    run(timezone.now())
    later = timezone.now() + timedelta(hours=1)
    door.record({connection.pk: Observation("Linked", later, Source.WEBHOOK)})

    assert days_of_letters(later, 12) == []


def test_customer_who_let_go_reads_no_more(ana: User):
    connection = expired(ana)
    run(timezone.now())
    Connection.objects.filter(pk=connection.pk).update(let_go_at=timezone.now())
    standing.refresh([connection.company_id])

    assert days_of_letters(timezone.now() + timedelta(hours=6), 12) == []


def test_second_expiry_is_told_anew(ana: User):
    connection = expired(ana)
    run(timezone.now())
    for hours, status in ((1, "Linked"), (2, "Deauthorized")):
        door.record({connection.pk: Observation(status, timezone.now() + timedelta(hours=hours), Source.WEBHOOK)})

    assert days_of_letters(timezone.now() + timedelta(hours=3), 12) == [0, 2, 7]


def test_read_that_found_no_access_is_told_by_the_clock(ana: User):
    connection = factories.local_connection(factories.company(ana), started_by=ana, first_read_at=timezone.now())
    at = timezone.now().isoformat()
    Connection.objects.update(reads={"bills": {"status": "AuthError", "at": at}})
    standing.refresh([connection.company_id])

    assert days_of_letters(timezone.now(), 10) == [0, 2, 7]


def test_unfinished_connection_is_asked_about_once_after_a_day(ana: User):
    made = factories.company(ana)
    factories.local_connection(
        made, Status.PENDING_AUTH, started_by=ana, is_unfinished=True, left_at=timezone.now() - timedelta(hours=1)
    )

    assert days_of_letters(timezone.now(), 10) == [1]
    assert outgoing.outbox[0].to == ["ana@marlow.example"]


def test_person_who_stopped_reminders_gets_codes_and_receipts_alone(ana: User, client: Client):
    connection = expired(ana)
    run(timezone.now())
    page = outgoing.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")

    for _ in range(3):
        assert client.get(page).status_code == 200
    client.head(page)
    assert not connection.company.mail_refusals.exists()
    assert client.post(page)["Location"] == page
    assert "We send no more reminders about Marlow Street Bakery Ltd." in client.get(page).content.decode()

    assert days_of_letters(timezone.now() + timedelta(hours=6), 12) == []
    connection.status = Status.UNLINKED
    mails.ended([connection], None)
    mails.send_due(now=timezone.now() + timedelta(days=20))
    assert outgoing.outbox[-1].subject == "Xero is disconnected from Alderway Bills"


def test_mail_program_stops_them_with_one_click(ana: User):
    connection = expired(ana)
    url = links.reminders_url(connection.company, ana.email).removeprefix("http://testserver")
    server = Client(enforce_csrf_checks=True)

    assert server.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert connection.company.mail_refusals.get().email == "ana@marlow.example"


@pytest.mark.parametrize("token", ["guessed", "a:b:c", "%20"])
def test_forged_address_stops_nothing(client: Client, token: str):
    assert client.get(f"/reminders/{token}/").status_code == 404
    assert client.post(f"/reminders/{token}/").status_code == 404


def test_staff_send_the_link_that_fits_the_state(ana: User):
    sam = Actor.staff(factories.sam())
    connection = expired(ana)
    company = Company.objects.get(pk=connection.company_id)
    for _ in range(2):
        assert invitations.send_link_again(company, by=sam) == ["ana@marlow.example"]

    mails.send_due()

    assert [letter.subject[:13] for letter in outgoing.outbox] == ["Action needed"] * 3
    with pytest.raises(invitations.TooManyTries):
        for _ in range(3):
            invitations.send_link_again(company, by=sam)


def test_staff_send_nothing_to_a_connected_company(ana: User):
    connection = factories.local_connection(factories.company(ana), first_read_at=timezone.now())
    company = Company.objects.get(pk=connection.company_id)

    with pytest.raises(invitations.NotNow):
        invitations.send_link_again(company, by=factories.COMMAND)


def test_button_pressed_shows_once_somebody_signed_in(ana: User, client: Client):
    expired(ana)
    run(timezone.now())
    page = outgoing.outbox[0].body.split("http://testserver")[1].split()[0]

    for _ in range(3):
        client.get(page, follow=True)
    assert Mail.objects.get().opened_at is None

    client.post(links.sign_in_url(ana, page, timedelta(minutes=5)).removeprefix("http://testserver"))
    assert Mail.objects.get().opened_at is not None
