"""Rows become mails, once, in the reader's language; what fails comes back later or is parked."""

from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.models import Event, Mail, MailRefusal
from onboarding.usecases import invitations, mails, signin
from tests import factories

pytestmark = pytest.mark.django_db


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
