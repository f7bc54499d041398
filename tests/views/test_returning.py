"""Back from Link: the address is a hint, Codat's word counts."""

from urllib.parse import urlsplit

import pytest

from onboarding.models import Connection
from tests import factories
from tests.views.reading import heading_of, primary_of, text_of
from tests.views.scenes import company_in


def there_and_back(sandbox, client, company, answer: str = "authorise", organisation: str = ""):
    """Leave for Link, answer there, and come back as the browser does; returns our redirect."""
    link = client.post(f"/c/{company.ref}/connect/xero/go/").url
    back = urlsplit(sandbox.visit_link(link, answer, organisation))
    return client.get(f"{back.path}?{back.query}")


@pytest.mark.parametrize(
    ("answer", "where", "heading"),
    [
        ("authorise", "connection/", "Xero is connected"),
        ("cancel", "connection/stopped/", "You stopped before the end"),
        ("fail", "connection/problem/", "The connection did not go through"),
        ("unsupported", "connection/problem/", "The connection did not go through"),
    ],
)
def test_each_answer_at_link_lands_on_its_page(answer, where, heading, sandbox, at_ana, ana):
    company = company_in("none", ana)

    landing = there_and_back(sandbox, at_ana, company, answer)

    assert (landing.status_code, landing.url) == (302, f"/c/{company.ref}/{where}")
    assert heading_of(at_ana.get(landing.url)) == heading


def test_codat_silent_on_return_waits_without_an_error(sandbox, at_ana, ana):
    company = company_in("none", ana)
    link = at_ana.post(f"/c/{company.ref}/connect/xero/go/").url
    back = urlsplit(sandbox.visit_link(link, "authorise"))
    sandbox.next_answer(503, times=None)

    landing = at_ana.get(f"{back.path}?{back.query}")

    assert heading_of(at_ana.get(landing.url)) == "Finishing the connection to Xero"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?statusCode=200",
        "?statusCode=abc",
        "?connectionId=11111111-2222-4333-8444-555555555555&statusCode=200",
        "?connectionId=%00&companyId=x",
    ],
)
def test_forged_addresses_lead_home_and_change_nothing(query, at_ana, ana):
    company = company_in("stopped", ana)
    before = Connection.objects.values().get()

    landing = at_ana.get(f"/return/{query}", follow=True)

    assert landing.redirect_chain[-1][0] == f"/c/{company.ref}/"
    assert Connection.objects.values().get() == before


def test_another_customers_ids_are_nobodys_here(at_ana, ana, cleo):
    company_in("none", ana)
    theirs = company_in("checking", cleo)
    connection = theirs.connections.get()

    at_ana.get(f"/return/?connectionId={connection.codat_id}&companyId={theirs.codat_id}&statusCode=200")

    connection.refresh_from_db()
    assert connection.returned_code == 200
    assert connection.status == "PendingAuth"


def test_a_second_return_of_a_linked_connection_says_nothing_changed(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company)
    row = Connection.objects.get()

    landing = at_ana.get(f"/return/?connectionId={row.codat_id}&companyId={company.codat_id}&statusCode=201")

    assert "Nothing has changed. Xero was already connected." in text_of(at_ana.get(landing.url))


def test_somebody_else_who_connected_meanwhile_is_named(sandbox, at_ana, ana, browser_of):
    ben = factories.ben()
    company = company_in("none", ana, ben)
    there_and_back(sandbox, browser_of(ben), company)
    row = Connection.objects.get()

    landing = at_ana.get(f"/return/?connectionId={row.codat_id}&statusCode=200")

    assert "Ben Booker has connected Xero in the meantime. There is nothing left to do." in text_of(
        at_ana.get(landing.url)
    )


def test_reconnecting_leaves_again_on_the_same_connection(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company, "cancel")

    answer = at_ana.post(f"/c/{company.ref}/connection/reconnect/")

    assert answer.status_code == 303
    sandbox.visit_link(answer.url, "authorise")
    assert [len(told["connections"]) for told in sandbox.companies()] == [1]


def test_disconnecting_asks_first_and_then_does_it(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company)
    page = f"/c/{company.ref}/connection/disconnect/"
    assert heading_of(at_ana.get(page)) == "Disconnect Xero?"

    answer = at_ana.post(page)

    assert (answer.status_code, answer.url) == (303, f"/c/{company.ref}/connection/")
    after = at_ana.get(answer.url)
    assert heading_of(after) == "Xero is disconnected"
    assert "We sent a confirmation to ana@marlow.example." in text_of(after)
    assert [c["status"] for c in sandbox.companies()[0]["connections"]] == ["Unlinked"]


def test_a_failed_disconnect_says_that_it_is_still_connected(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company)
    sandbox.next_answer(503, times=None)

    answer = at_ana.post(f"/c/{company.ref}/connection/disconnect/")

    text = text_of(at_ana.get(answer.url))
    assert "We could not disconnect Xero just now. It is still connected." in text
    assert Connection.objects.get().status == "Linked"


def test_disconnect_then_reconnect_works_twice_in_a_row(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company)
    for _ in range(2):
        at_ana.post(f"/c/{company.ref}/connection/disconnect/")
        back = urlsplit(sandbox.visit_link(at_ana.post(f"/c/{company.ref}/connection/reconnect/").url, "authorise"))
        at_ana.get(f"{back.path}?{back.query}")

    assert Connection.objects.get().status == "Linked"


def test_a_changed_software_keeps_the_company_and_its_history(sandbox, at_ana, ana):
    company = company_in("none", ana)
    there_and_back(sandbox, at_ana, company)
    at_ana.post(f"/c/{company.ref}/connection/disconnect/")

    link = at_ana.post(f"/c/{company.ref}/connect/quickbooks-online/go/").url

    sandbox.visit_link(link, "authorise")
    assert len(sandbox.companies()) == 1
    assert {c["status"] for c in sandbox.companies()[0]["connections"]} == {"Unlinked", "Linked"}


def test_the_not_supported_page_leads_to_other_software(sandbox, at_ana, ana):
    company = company_in("none", ana)

    landing = there_and_back(sandbox, at_ana, company, "unsupported")

    assert primary_of(at_ana.get(landing.url)) == ["Choose other software"]
