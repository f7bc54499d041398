"""Each kind of mail says what it should, in both languages, in text and in HTML."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as outgoing
from django.utils.html import strip_tags

from onboarding.actors import Actor
from onboarding.lifecycle import Observation, Source, Status
from onboarding.models import Company, Connection, User
from onboarding.usecases import consents, door, invitations, mails
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 13, 32, tzinfo=UTC)


@pytest.fixture
def ana() -> User:
    return factories.ana()


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(autouse=True)
def _products_keep_one_name(settings) -> None:
    settings.PRODUCT_NAMES = {"bill_pay_async": "Alderway Bills", "expenses": "Alderway Expenses"}


def bakery(ana: User, language: str = "en", **fields: str) -> Company:
    return factories.company(ana, language=language, time_zone="Europe/Paris", **fields)


def linked(company: Company, user: User) -> Connection:
    return factories.local_connection(
        company, Status.LINKED, at=AT, organisation="Marlow & Sons", started_by=user, first_read_at=AT
    )


def become(connection: Connection, status: str, by: Actor | None = None) -> None:
    """A day later Codat says so."""
    news = Observation(status, AT + timedelta(days=1), by.source if by else Source.WEBHOOK)
    door.record({connection.pk: news}, by=by)


def sent(count: int = 1):
    mails.send_due()
    assert len(outgoing.outbox) == count
    return outgoing.outbox[-1]


def text_of(letter) -> str:
    """The text, after a look that the HTML says the same and that nothing was left unfilled."""
    html = letter.alternatives[0].content
    plain = " ".join(strip_tags(re.sub(r"<title>.*?</title>", "", html)).split())
    for paragraph in letter.body.split("\n\n"):
        words = " ".join(paragraph.split())
        if words and "http" not in words and words != "--":
            assert words.lstrip("- ") in plain.replace("&amp;", "&").replace("&#x27;", "'") or "- " in words, words
    assert "%(" not in letter.body + letter.subject and "{" not in letter.body
    return letter.body


def test_invitation(ana: User, language: str):
    company = bakery(ana, language, contact="Priya")
    boss = factories.sam(is_superuser=True)
    invitations.invite(company, by=Actor.staff(boss), email="priya@marlow.example", name="Priya")

    letter = sent()

    subjects = {
        "en": "Marlow Street Bakery Ltd: connect your accounting software to Alderway Bills",
        "fr": "Marlow Street Bakery Ltd\xa0: connectez votre logiciel comptable à Alderway Bills",
    }
    openings = {
        "en": "Sam Reyes at Alderway invites Marlow Street Bakery Ltd to connect its accounting software",
        "fr": "Sam Reyes, chez Alderway, invite Marlow Street Bakery Ltd à connecter son logiciel comptable",
    }
    assert letter.subject == subjects[language]
    assert openings[language] in text_of(letter)
    assert f"Reference {company.ref}" in letter.body or f"Référence {company.ref}" in letter.body
    assert "List-Unsubscribe" not in letter.extra_headers


def test_invitation_for_expenses_names_its_own_benefit(ana: User):
    invitations.invite(bakery(ana, product="expenses"), by=factories.COMMAND)

    assert "Your card expenses go into your books, in the right category." in text_of(sent())


def test_connected_is_the_receipt_of_what_was_agreed_to(ana: User, language: str):
    company = bakery(ana, language)
    consents.give(company, "gbol", by=Actor.customer(ana), language=language)
    mails.connected(linked(company, ana))

    body = text_of(sent())

    expected = {
        "en": "Xero (Marlow & Sons) was connected to Alderway Bills on 4 May at 15:32 by Ana Marlow.",
        "fr": "Xero (Marlow & Sons) a été connecté à Alderway Bills le 4 mai à 15:32 par Ana Marlow.",
    }
    assert expected[language] in body
    assert {"en": "Company details, Suppliers, Bills", "fr": "Informations de l’entreprise, Fournisseurs"}[
        language
    ] in body
    assert consents.TEXT_VERSION in body


@pytest.mark.parametrize(
    ("word", "is_left_out"),
    [("NotSupported", False), ("FetchError", True), ("PermissionsError", True), ("AuthError", True), ("Odd", True)],
)
def test_connected_says_what_the_first_read_left_out(ana: User, language: str, word: str, is_left_out: bool):
    connection = linked(bakery(ana, language), ana)
    connection.reads = {"company": {"status": "Complete"}, "suppliers": {"status": word}}
    connection.save(update_fields=["reads"])
    mails.connected(connection)

    body = text_of(sent())

    is_done = {
        "en": "We have finished reading your books for the first time.",
        "fr": "par Ana Marlow. La première lecture de votre comptabilité est terminée.\n",
    }
    left_out = {
        "en": "is over. These could not be read: Suppliers. Your page says what comes next.",
        "fr": "est terminée. Ces éléments n’ont pas pu être lus\xa0: Fournisseurs. Votre page indique la suite.",
    }
    assert (is_done[language] in body, left_out[language] in body) == (not is_left_out, is_left_out)


def test_connected_goes_once_for_each_approval_to_members_and_whoever_approved(ana: User):
    company = bakery(ana)
    connection = linked(company, factories.ben())
    for _ in range(3):
        mails.connected(connection)

    sent(2)
    assert sorted(letter.to[0] for letter in outgoing.outbox) == ["ana@marlow.example", "ben@books.example"]


def test_expired(ana: User, language: str):
    connection = linked(bakery(ana, language), ana)
    become(connection, "Deauthorized")

    letter = sent()

    expected = {
        "en": "Our access to Xero ended on 5 May. Until you reconnect, new bills do not appear in Alderway Bills",
        "fr": "Notre accès à Xero a pris fin le 5 mai. Tant que vous n’avez pas reconnecté",
    }
    assert expected[language] in text_of(letter)
    assert "/reminders/" in letter.extra_headers["List-Unsubscribe"]
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert {"en": "Stop these reminders", "fr": "Ne plus recevoir ces rappels"}[language] in letter.body


def test_expired_for_expenses_says_what_waits(ana: User):
    connection = linked(bakery(ana, product="expenses"), ana)
    become(connection, "Deauthorized")

    assert "Card expenses wait here and are not sent to your books." in text_of(sent())


def test_disconnected_names_who_did_it(ana: User, language: str):
    connection = linked(bakery(ana, language), ana)
    factories.door.record(
        {connection.pk: factories.door.Observation("Unlinked", AT + timedelta(days=1), "customer")},
        by=Actor.customer(ana),
    )

    expected = {
        "en": "Ana Marlow disconnected Xero for Marlow Street Bakery Ltd on 5 May at 15:32.",
        "fr": "Ana Marlow a déconnecté Xero pour Marlow Street Bakery Ltd le 5 mai à 15:32.",
    }
    assert expected[language] in text_of(sent())


def test_disconnected_elsewhere_says_so(ana: User, language: str):
    connection = linked(bakery(ana, language), ana)
    become(connection, "Unlinked")

    expected = {"en": "outside this site", "fr": "en dehors de ce site"}
    assert expected[language] in text_of(sent())


def test_quiet(ana: User, language: str):
    mails.quiet(linked(bakery(ana, language), ana), 46)

    expected = {"en": "Xero has not answered us for 46 days", "fr": "Xero ne nous répond plus depuis 46 jours"}
    assert expected[language] in text_of(sent())


def test_unfinished_uses_the_words_of_the_invitation(ana: User, language: str):
    company = bakery(ana, language)
    connection = factories.local_connection(company, Status.PENDING_AUTH, started_by=ana, is_unfinished=True)
    mails.unfinished(connection)

    letter = sent()

    assert "Alderway Bills" in letter.subject
    assert f"/c/{company.ref}/connect/xero/?m=" in text_of(letter)
    assert letter.extra_headers["List-Unsubscribe"]


def test_computer_link_signs_in_and_leads_back(ana: User, language: str, client):
    company = bakery(ana, language)
    path = f"/c/{company.ref}/connect/quickbooks-desktop/"
    for _ in range(2):
        mails.pc_link(company, "pqsw", path, to=ana, by=Actor.customer(ana), language=language)

    body = text_of(sent())

    assert "QuickBooks Desktop" in body
    link = re.search(r"^http://testserver(/sign-in/link/\S+)$", body, re.MULTILINE).group(1)
    assert client.post(link)["Location"] == path


def test_names_are_text_and_never_markup_or_headers(ana: User):
    company = bakery(ana, name='<b>Bakery</b> "x"\r\nBcc: evil@example.com')
    invitations.invite(company, by=factories.COMMAND)

    letter = sent()

    assert "\n" not in letter.subject
    assert "<b>Bakery</b>" not in letter.alternatives[0].content
    assert letter.recipients() == ["ana@marlow.example"]


def test_letter_loads_nothing_from_anywhere(ana: User):
    invitations.invite(bakery(ana), by=factories.COMMAND)

    html = sent().alternatives[0].content

    assert not re.search(r"<(img|script|link|iframe)|url\(|@import", html)
    assert set(re.findall(r"https?://[a-z.]+", html)) <= {"http://testserver", "http://testserver."}
