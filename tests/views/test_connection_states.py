"""Every state of a connection: the words, the one primary action, the code, in both languages."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from onboarding.actors import Actor
from onboarding.models import Consent, Quota
from onboarding.usecases import connections, consents
from tests.views.reading import heading_of, plain, primary_of, text_of
from tests.views.scenes import company_in

CONNECTION = "/c/{}/connection/"

# state → (heading, words that must stand there, primary action) in English, then in French
PAGES = {
    "stopped": (
        ("You stopped before the end", "Nothing was shared and nothing has changed.", "Try again with Xero"),
        ("Vous avez arrêté avant la fin", "Rien n’a été partagé et rien n’a changé.", "Réessayer avec Xero"),
    ),
    "left_for_good": (
        ("You stopped before the end", "What got in the way?", "Try again with Xero"),
        ("Vous avez arrêté avant la fin", "Qu’est-ce qui vous a arrêté ?", "Réessayer avec Xero"),
    ),
    "failed": (
        ("The connection did not go through", "Wait 5 minutes, then try again", "Try again"),
        ("La connexion n’a pas abouti", "Attendez 5 minutes, puis réessayez", "Réessayer"),
    ),
    "not_supported": (
        (
            "The connection did not go through",
            "Xero cannot be connected for this product.",
            "Choose other software",
        ),
        ("La connexion n’a pas abouti", "Xero ne peut pas être connecté pour ce produit.", "Choisir un autre logiciel"),
    ),
    "checking": (
        ("Finishing the connection to Xero", "Xero confirms the access", "Check again"),
        ("La connexion à Xero se termine", "Xero confirme l’accès", "Vérifier à nouveau"),
    ),
    "slow": (
        ("Finishing the connection to Xero", "It is taking longer than usual.", "Check again"),
        ("La connexion à Xero se termine", "C’est plus long que d’habitude.", "Vérifier à nouveau"),
    ),
    "reading": (
        ("Xero is connected", "3 of 6 done", "Go to Alderway Bills"),
        ("Xero est connecté", "3 sur 6", "Aller à Alderway Factures"),
    ),
    "reading_long": (
        ("Xero is connected", "It is taking longer than usual.", "Go to Alderway Bills"),
        ("Xero est connecté", "C’est plus long que d’habitude.", "Aller à Alderway Factures"),
    ),
    "waiting_pc": (
        ("QuickBooks Desktop is connected", "We are waiting for your computer.", "Go to Alderway Bills"),
        ("QuickBooks Desktop est connecté", "Nous attendons votre ordinateur.", "Aller à Alderway Factures"),
    ),
    "linked": (
        ("Xero is connected", "Everything is up to date.", "Go to Alderway Bills"),
        ("Xero est connecté", "Tout est à jour.", "Aller à Alderway Factures"),
    ),
    "partial": (
        ("Xero is connected", "2 items could not be read yet.", "Go to Alderway Bills"),
        ("Xero est connecté", "2 éléments n’ont pas encore pu être lus.", "Aller à Alderway Factures"),
    ),
    "permission": (
        ("Xero is connected", "Xero did not let us read List of accounts.", "Reconnect Xero"),
        ("Xero est connecté", "Xero ne nous a pas laissé lire : Plan comptable.", "Reconnecter Xero"),
    ),
    "quiet": (
        ("Xero is connected", "Xero has not answered for 50 days.", "Go to Alderway Bills"),
        ("Xero est connecté", "Xero ne répond plus depuis 50 jours.", "Aller à Alderway Factures"),
    ),
    "elsewhere": (
        ("Xero is connected", "This connection was made outside this site.", "Go to Alderway Bills"),
        ("Xero est connecté", "Cette connexion a été faite en dehors de ce site.", "Aller à Alderway Factures"),
    ),
    "wrong": (
        (
            "Xero is connected",
            "You connected Harbour Flowers. We expected Marlow Street Bakery Ltd.",
            "Go to Alderway Bills",
        ),
        (
            "Xero est connecté",
            "Vous avez connecté Harbour Flowers. Nous attendions Marlow Street Bakery Ltd.",
            "Aller à Alderway Factures",
        ),
    ),
    "expired": (
        ("Xero needs your approval again", "New bills do not appear in Alderway Bills.", "Reconnect Xero"),
        (
            "Xero demande à nouveau votre accord",
            "Les nouvelles factures n’apparaissent pas dans Alderway Factures.",
            "Reconnecter Xero",
        ),
    ),
    "auth_error": (
        ("Xero needs your approval again", "Payments are not noted in your books.", "Reconnect Xero"),
        (
            "Xero demande à nouveau votre accord",
            "Les paiements ne sont pas inscrits dans votre comptabilité.",
            "Reconnecter Xero",
        ),
    ),
    "disconnected": (
        ("Xero is disconnected", "Ana Marlow disconnected it on", "Reconnect Xero"),
        ("Xero est déconnecté", "Ana Marlow l’a déconnecté le", "Reconnecter Xero"),
    ),
    "let_go": (
        ("Xero is disconnected", "Ana Marlow disconnected it on", "Reconnect Xero"),
        ("Xero est déconnecté", "Ana Marlow l’a déconnecté le", "Reconnecter Xero"),
    ),
    "gone": (
        ("This connection no longer exists.", "It was removed outside this site.", "Choose your software"),
        ("Cette connexion n’existe plus.", "Elle a été supprimée en dehors de ce site.", "Choisir votre logiciel"),
    ),
}
CASES = [(state, language) for state in PAGES for language in ("en", "fr")]


@pytest.mark.parametrize(("state", "language"), CASES)
def test_connection_page_in_every_state(state, language, at_ana, ana):
    heading, words, action = PAGES[state][language == "fr"]
    company = company_in(state, ana, language=language)

    answer = at_ana.get(CONNECTION.format(company.ref))

    assert answer.status_code == 200
    assert plain(heading_of(answer)) == heading
    assert words in plain(text_of(answer))
    assert primary_of(answer) == [action]
    assert f'<html lang="{language}">' in answer.content.decode()


@pytest.mark.parametrize(("state", "language"), CASES)
def test_home_takes_the_scene_of_every_state(state, language, at_ana, ana):
    heading, _words, action = PAGES[state][language == "fr"]
    company = company_in(state, ana, language=language)

    answer = at_ana.get(f"/c/{company.ref}/")

    assert heading_of(answer) == company.name
    assert heading in plain(text_of(answer))
    assert primary_of(answer) == [action]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Connect your accounting software", "Choose your software", "Nothing yet.")),
        ("fr", ("Connectez votre logiciel comptable", "Choisir votre logiciel", "Rien pour l’instant.")),
    ],
)
def test_home_before_anything_is_chosen(language, words, at_ana, ana):
    company = company_in("none", ana, language=language)

    answer = at_ana.get(f"/c/{company.ref}/")

    assert [word for word in words if word not in plain(text_of(answer))] == []
    assert at_ana.get(CONNECTION.format(company.ref)).url == f"/c/{company.ref}/"


def test_a_software_that_staff_chose_leads_to_its_preparation(at_ana, ana):
    company = company_in("chosen", ana)

    assert at_ana.get(CONNECTION.format(company.ref)).url == f"/c/{company.ref}/connect/xero/"
    assert primary_of(at_ana.get(f"/c/{company.ref}/")) == ["Finish connecting"]


def test_expenses_customers_read_of_card_expenses(at_ana, ana):
    company = company_in("expired", ana, product="expenses")

    text = text_of(at_ana.get(CONNECTION.format(company.ref)))

    assert "Card expenses wait here and are not sent to your books." in text
    assert "New bills" not in text


def test_synchronous_bill_pay_has_no_last_or_next_read(at_ana, ana):
    company = company_in("linked", ana, product="bill_pay_sync")

    text = text_of(at_ana.get(CONNECTION.format(company.ref)))

    assert "Connected since" in text
    assert [word for word in ("Last read", "Next read", "This kind of connection ends") if word in text] == []


def test_synchronous_bill_pay_reads_one_row(at_ana, ana):
    company = company_in("reading", ana, product="bill_pay_sync")

    text = text_of(at_ana.get(CONNECTION.format(company.ref)))

    assert "1 of 1 done" in text
    assert "Suppliers" not in text


def test_asynchronous_bill_pay_says_when_it_ends(at_ana, ana):
    company = company_in("linked", ana)

    assert "This kind of connection ends on 1 May 2027." in text_of(at_ana.get(CONNECTION.format(company.ref)))


def test_asynchronous_bill_pay_says_that_it_has_ended(ana):
    with time_machine.travel(datetime(2027, 5, 2, 9, tzinfo=UTC)):
        company = company_in("linked", ana)
        at_ana = Client()
        at_ana.force_login(ana)
        text = text_of(at_ana.get(CONNECTION.format(company.ref)))
        before = text_of(at_ana.get(f"/c/{company_in('none', ana).ref}/connect/myob/"))

    assert "This kind of connection ended on 1 May. Call us" in text
    assert "Everything is up to date." not in text
    assert "MYOB Business worked with Alderway Bills until 1 May." in before


def test_a_word_of_codat_that_we_do_not_know_reads_as_waiting(at_ana, ana):
    company = company_in("reading", ana)
    row = company.connections.get()
    row.reads["bills"]["status"] = "Sublimating"
    row.save(update_fields=["reads"])

    answer = at_ana.get(CONNECTION.format(company.ref))

    assert answer.status_code == 200
    assert "Sublimating" not in text_of(answer)


@pytest.mark.parametrize("word", ["PrerequisiteNotMet", "Sublimating"])
def test_a_type_that_was_left_out_is_told_and_nothing_is_said_to_be_up_to_date(word, at_ana, ana):
    company = company_in("linked", ana)
    row = company.connections.get()
    row.reads["bills"]["status"] = word
    row.save(update_fields=["reads"])

    text = text_of(at_ana.get(CONNECTION.format(company.ref)))

    assert "1 item could not be read yet." in text
    assert text.count("We will try again") == 2  # the notice, and the row of the bills
    assert [words for words in ("Everything is up to date.", word) if words in text] == []


@pytest.mark.parametrize(("language", "words"), [("en", "Everything is up to date."), ("fr", "Tout est à jour.")])
def test_nothing_is_up_to_date_while_the_organisation_is_in_doubt(language, words, at_ana, ana):
    company = company_in("wrong", ana, language=language)

    in_doubt = text_of(at_ana.get(CONNECTION.format(company.ref)))
    connections.keep_organisation(company.connections.get(), by=Actor.customer(ana))

    assert words not in in_doubt
    assert words in text_of(at_ana.get(CONNECTION.format(company.ref)))


def test_problem_page_has_the_details_for_support_closed(at_ana, ana):
    company = company_in("failed", ana)

    answer = at_ana.get(f"/c/{company.ref}/connection/problem/")

    text = text_of(answer)
    assert company.ref in text
    assert "The user is not an administrator." in text
    assert "UTC" in text
    assert '<details class="details">' in answer.content.decode()


@pytest.mark.parametrize("where", ["stopped", "problem"])
def test_a_page_that_does_not_fit_the_state_leads_to_the_one_that_does(where, at_ana, ana):
    company = company_in("linked", ana)

    answer = at_ana.get(f"/c/{company.ref}/connection/{where}/")

    assert (answer.status_code, answer.url) == (302, f"/c/{company.ref}/connection/")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", r"Ana Marlow agreed to this for Xero on \d+ \w+ at \d\d:\d\d\. Text version 2026-11\."),
        ("fr", r"Ana Marlow a donné son accord pour Xero le \d+ \w+ à \d\d:\d\d\. Version du texte : 2026-11\."),
    ],
)
def test_what_was_agreed_to_is_one_click_away(language, said, at_ana, ana):
    company = company_in("linked", ana, language=language)
    consents.give(company, "gbol", by=Actor.customer(ana), language=language)
    page = f"/c/{company.ref}/connection/shared/"

    assert f'href="{page}"' in at_ana.get(CONNECTION.format(company.ref)).content.decode()
    assert re.search(said, plain(text_of(at_ana.get(page))))


def test_what_was_agreed_to_is_shown_as_it_was_said_then(at_ana, ana):
    company = company_in("linked", ana)
    given = consents.give(company, "gbol", by=Actor.customer(ana), language="en")
    Consent.objects.filter(pk=given.pk).update(data_types=["company", "taxRates"], text_version="2025-01")

    text = text_of(at_ana.get(f"/c/{company.ref}/connection/shared/"))

    assert "Company details, tax rates." in text
    assert "Text version 2025-01. These words have changed since." in text


def test_nobody_is_said_to_have_agreed_to_a_connection_made_elsewhere(at_ana, ana):
    company = company_in("elsewhere", ana)
    consents.give(company, "qhyg", by=Actor.customer(ana), language="en")  # to another software

    answer = at_ana.get(f"/c/{company.ref}/connection/shared/")

    assert heading_of(answer) == "What is shared"
    assert "Nobody agreed to this on this site." in text_of(answer)


def test_what_is_shared_has_no_page_before_there_is_a_connection(at_ana, ana):
    company = company_in("none", ana)

    assert at_ana.get(f"/c/{company.ref}/connection/shared/").url == CONNECTION.format(company.ref)


@pytest.mark.parametrize(("product", "anchor"), [("bill_pay_sync", "bill-pay"), ("expenses", "expenses")])
def test_the_list_of_every_product_has_its_place(product, anchor, at_ana, ana):
    company = company_in("stopped", ana, product=product)

    assert f'href="/data/#{anchor}"' in at_ana.get(CONNECTION.format(company.ref)).content.decode()
    assert f'id="{anchor}"' in at_ana.get("/data/").content.decode()


def test_trouble_is_said_once(sandbox, at_ana, ana):
    company = company_in("linked", ana)
    Quota.objects.update_or_create(pk=1, defaults={"failures": 5})
    sandbox.next_answer(503, times=None)

    answer = at_ana.post(f"/c/{company.ref}/connection/check/", follow=True)

    assert text_of(answer).count("We cannot reach Codat right now.") == 1
