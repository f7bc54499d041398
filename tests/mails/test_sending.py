"""Rows become mails, once; what fails comes back later or is parked where staff see it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.db import connections
from django.utils import timezone

from onboarding.models import Company, Mail
from onboarding.usecases import invitations, mails, signin
from onboarding.usecases.mails import outbox
from tests import factories
from tests.mails.mailserver import MailServer

pytestmark = pytest.mark.django_db


def invited() -> Company:
    made = factories.company()
    invitations.invite(made, by=factories.COMMAND)
    return made


def test_code_is_sent_and_emptied_from_its_row():
    factories.ana()
    signin.send_code("ana@marlow.example", "123456", next_path="", language="en")

    assert mails.send_due() == 1

    assert outgoing.outbox[0].subject == "123456 is your code for Alderway"
    assert "code" not in Mail.objects.get().facts


def test_code_for_nobody_sends_nothing_and_leaves_no_row():
    signin.send_code("nobody@nowhere.example", "123456", next_path="", language="en")

    mails.send_due()

    assert outgoing.outbox == []
    assert not Mail.objects.exists()


def test_code_that_has_ended_is_dropped_and_emptied():
    factories.ana()
    signin.send_code("ana@marlow.example", "123456", next_path="", language="en")

    mails.send_due(now=timezone.now() + timedelta(minutes=16))

    row = Mail.objects.get()
    assert (outgoing.outbox, row.error, row.facts) == ([], "the code has ended", {"next": ""})


def test_sent_mail_is_not_sent_again():
    invited()

    assert [mails.send_due(), mails.send_due()] == [1, 0]
    assert len(outgoing.outbox) == 1


def test_mail_for_later_waits():
    made = factories.company()
    later = timezone.now() + timedelta(days=2)
    invitations.invite(made, by=factories.COMMAND, not_before=later)

    assert mails.send_due() == 0
    assert mails.send_due(now=later + timedelta(seconds=1)) == 1


def test_same_mail_is_written_once():
    first = mails.enqueue("invitation", to="a@b.example", once="x")

    assert first is not None
    assert mails.enqueue("invitation", to="a@b.example", once="x") is None


def test_person_who_waits_for_a_code_comes_before_a_bulk_run():
    factories.ana()
    for number in range(3):
        made = factories.company(customer_id=f"c{number}", email=f"{number}@many.example")
        invitations.invite(made, by=factories.COMMAND)
    signin.send_code("ana@marlow.example", "123456", next_path="", language="en")

    mails.send_due(limit=1)

    assert [letter.to for letter in outgoing.outbox] == [["ana@marlow.example"]]


def test_invitation_counts_as_sent_when_it_left():
    made = factories.company()
    Company.objects.update(accepted_at=None)
    invitation = invitations.invite(made, by=factories.COMMAND)
    made.refresh_from_db()
    assert (made.invited_at, made.state) == (None, "new")

    mails.send_due()

    made.refresh_from_db()
    invitation.refresh_from_db()
    assert made.state == "invited"
    assert made.invited_at == invitation.sent_at is not None
    line = made.events.get(kind="mail")
    assert (line.source, line.facts["mail"], line.facts["to"]) == ("email", "invitation", "ana@marlow.example")


def test_letter_leaves_over_smtp_with_its_headers(mailserver: MailServer):
    invited()

    mails.send_due()

    letter = mailserver.taken[0]
    assert "Reply-To: help@alderway.example" in letter
    assert "Auto-Submitted: auto-generated" in letter
    assert f"Message-ID: <mail-{Mail.objects.get().pk}-" in letter
    assert letter.index("text/plain") < letter.index("text/html")


def test_refused_address_has_bounced_and_staff_see_it(mailserver: MailServer):
    made = invited()
    mailserver.refuses["ana@marlow.example"] = "550 no such user"

    mails.send_due()

    row = Mail.objects.get()
    assert row.bounced_at is not None
    assert made.events.get(kind="mail.bounced").facts["answer"] == "550 no such user"
    assert mails.send_due(now=timezone.now() + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("answer", "has_bounced"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.2.1 mailbox disabled", True),
        ("553 not a mailbox", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 relaying denied", False),
        ("554 5.7.0 sign in first", False),
        ("530 sign in first", False),
        ("450 4.1.1 not now", False),
    ],
)
def test_only_what_is_said_of_the_address_is_a_bounce(answer, has_bounced, mailserver: MailServer):
    invited()
    mailserver.refuses["ana@marlow.example"] = answer

    mails.send_due()

    row = Mail.objects.get()
    assert (row.bounced_at is not None, row.failed_at is not None) == (has_bounced, has_bounced)


def test_address_that_is_refused_after_the_letter_has_bounced_too(mailserver: MailServer):
    made = invited()
    mailserver.next_answers.append("550 5.1.1 unknown: https://connect.example/invite/secret")

    mails.send_due()

    row = Mail.objects.get()
    assert row.bounced_at is not None
    assert row.error == "550 5.1.1"  # what a server says after the letter may repeat it
    assert made.events.get(kind="mail.bounced").is_problem


def test_letter_that_is_refused_for_good_is_given_up_at_once(mailserver: MailServer):
    made = invited()
    mailserver.next_answers.append("554 5.7.1 rejected by policy")

    mails.send_due()

    row = Mail.objects.get()
    assert (row.bounced_at, row.failed_at is not None, row.attempts) == (None, True, 1)
    assert made.events.get(kind="mail", is_problem=True).facts["failed"] is True


def test_address_that_is_busy_is_tried_again(mailserver: MailServer):
    invited()
    mailserver.refuses["ana@marlow.example"] = "450 mailbox busy"
    mails.send_due()
    mailserver.refuses.clear()

    assert Mail.objects.get().bounced_at is None
    mails.send_due(now=timezone.now() + timedelta(minutes=2))

    assert len(mailserver.taken) == 1


def test_trouble_waits_longer_each_time_and_is_parked_at_last(mailserver: MailServer):
    made = invited()
    mailserver.stop()
    now, waits = timezone.now(), []
    for _ in range(outbox.ATTEMPTS):
        mails.send_due(now=now)
        row = Mail.objects.get()
        waits.append(row.not_before - now)
        now = row.not_before + timedelta(seconds=1)

    assert timedelta(seconds=45) < waits[0] < timedelta(seconds=75)
    assert max(waits) <= timedelta(minutes=72)
    assert row.failed_at is not None
    assert made.events.get(kind="mail", is_problem=True).facts["failed"] is True


def test_trouble_with_one_letter_holds_up_no_other(mailserver: MailServer):
    invited()
    other = factories.company(customer_id="other", email="ben@books.example")
    invitations.invite(other, by=factories.COMMAND)
    mailserver.next_answers.append("451 not now")

    mails.send_due()

    assert Mail.objects.filter(sent_at=None).count() == 1
    assert len(mailserver.taken) == 1


def test_row_that_cannot_be_written_is_parked_and_holds_up_nobody():
    mails.enqueue("no-such-kind", to="x@y.example")
    invited()

    mails.send_due()

    assert Mail.objects.get(kind="no-such-kind").failed_at is not None
    assert len(outgoing.outbox) == 1


def test_error_that_is_kept_repeats_no_letter(mailserver: MailServer):
    invited()
    mailserver.next_answers.append("554 rejected: https://connect.example/invite/secret")

    mails.send_due()

    assert Mail.objects.get().error == "SMTPDataError 554"


def test_accepted_or_withdrawn_invitation_is_not_sent_any_more():
    made = factories.company()
    invitation = invitations.invite(made, by=factories.COMMAND)
    invitations.revoke(invitation, by=factories.COMMAND)

    mails.send_due()

    assert outgoing.outbox == []
    assert Mail.objects.get().error == "the invitation was withdrawn"


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(mailserver: MailServer):
    for number in range(8):
        made = factories.company(customer_id=f"c{number}", email=f"{number}@many.example")
        invitations.invite(made, by=factories.COMMAND)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        mails.send_due()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mailserver.taken) == 8


def test_dead_worker_gives_its_mails_back_when_its_lease_ends():
    invited()
    outbox._claim(10, timezone.now())

    assert mails.send_due() == 0
    assert mails.send_due(now=timezone.now() + outbox.LEASE + timedelta(seconds=1)) == 1
