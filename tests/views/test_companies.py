"""The front door and the list."""

import re

import pytest

from tests.views.reading import heading_of, plain, primary_of, text_of
from tests.views.scenes import company_in


def test_the_front_door_asks_to_sign_in(client, db):
    assert client.get("/").url == "/sign-in/"


def test_one_company_is_opened_at_once(at_ana, ana):
    company = company_in("none", ana)

    assert at_ana.get("/").url == f"/c/{company.ref}/"
    assert at_ana.get("/companies/").url == f"/c/{company.ref}/"


def test_several_companies_are_listed_with_their_state(at_ana, ana):
    company_in("linked", ana, name="Acorn Ltd")
    company_in("expired", ana, name="Birch Ltd")

    answer = at_ana.get("/", follow=True)

    assert heading_of(answer) == "Your companies"
    assert [word in text_of(answer) for word in ("Acorn Ltd", "Connected", "Birch Ltd", "Access expired")] == [True] * 4


@pytest.mark.parametrize(("language", "words"), [("en", "First read 3 of 6"), ("fr", "Première lecture 3 sur 6")])
def test_the_list_says_how_far_a_first_read_is(language, words, at_ana, ana):
    company_in("reading", ana, name="Acorn Ltd", language=language)
    company_in("none", ana, name="Birch Ltd", language=language)

    assert words in plain(text_of(at_ana.get("/companies/")))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "No company yet. Ask the person who invited you."),
        ("fr", "Aucune entreprise pour l’instant. Demandez à la personne qui vous a invité."),
    ],
)
def test_nobody_has_no_company(language, words, at_ana):
    assert words in plain(text_of(at_ana.get("/companies/", headers={"Accept-Language": language})))


def test_activity_lists_what_customers_may_read(at_ana, ana):
    company = company_in("disconnected", ana)

    text = text_of(at_ana.get(f"/c/{company.ref}/activity/"))

    assert "Xero disconnected by Ana Marlow" in text
    assert "Xero connected by Ana Marlow" in text


@pytest.mark.parametrize("where", ["activity/", "share/", "other/", "connection/shared/", "connection/disconnect/"])
def test_back_is_one_link_with_its_arrow(where, at_ana, ana):
    page = at_ana.get(f"/c/{company_in('linked', ana).ref}/{where}").content.decode()

    assert re.search(r'<p class="back"><a href="/c/[^"]+"><svg', page)


def test_activity_says_who_left_an_ended_access_as_it_is(at_ana, ana):
    company = company_in("let_go", ana)

    text = text_of(at_ana.get(f"/c/{company.ref}/activity/"))

    assert "Xero disconnected by Ana Marlow" in text


def test_home_shows_five_lines_and_the_way_to_all(at_ana, ana):
    company = company_in("disconnected", ana)
    for _ in range(5):
        company.events.create(
            kind="picked", at=company.created_at, source="customer", by=ana, facts={"platform": "gbol"}
        )

    answer = at_ana.get(f"/c/{company.ref}/")

    assert answer.content.decode().count("<time") == 5
    assert "See all activity" in text_of(answer)


@pytest.mark.parametrize(
    ("name", "leads_to"), [("none", "connect/"), ("expired", "connection/"), ("stopped", "connection/")]
)
def test_homes_second_step_leads_to_what_is_there(name, leads_to, at_ana, ana):
    """Software that was chosen is not to be chosen again: its own page says what it needs."""
    home = f"/c/{company_in(name, ana).ref}/"

    page = at_ana.get(home).content.decode()

    assert f'<a href="{home}{leads_to}">Connect your accounting software</a>' in page


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("permission", "Xero did not let us read List of accounts."),
        ("partial", "2 items could not be read yet."),
        ("waiting_pc", "We are waiting for your computer."),
        ("slow", "It is taking longer than usual."),
        ("wrong", "You connected Harbour Flowers. We expected Marlow Street Bakery Ltd."),
        ("quiet", "Xero has not answered for 50 days."),
        ("elsewhere", "This connection was made outside this site."),
    ],
)
def test_home_says_what_is_amiss_as_the_connections_page_does(name, title, at_ana, ana):
    home = f"/c/{company_in(name, ana).ref}/"

    pages = [at_ana.get(home), at_ana.get(f"{home}connection/")]

    assert [title in text_of(page) for page in pages] == [True, True]
    assert [len(primary_of(page)) for page in pages] == [1, 1]


def test_home_of_a_connection_that_is_well_has_no_notice(at_ana, ana):
    assert 'class="notice' not in at_ana.get(f"/c/{company_in('linked', ana).ref}/").content.decode()


def test_the_partner_connection_is_no_customers_business(at_ana, ana):
    company = company_in("linked", ana, product="expenses")
    partner = company.connections.create(kind="partner_expense", platform_key="mcdi", status="Linked")
    company.events.create(kind="connected", connection=partner, at=company.created_at, source="worker")

    for page in ("", "activity/", "connection/"):
        assert "mcdi" not in at_ana.get(f"/c/{company.ref}/{page}").content.decode()
