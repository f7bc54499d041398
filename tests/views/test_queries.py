"""How many questions a page asks the database: session, person, company, connections, and at most one more."""

import pytest

from tests import factories
from tests.views.scenes import company_in

STATES = {
    "stopped": 4, "failed": 5, "checking": 4, "reading": 4, "waiting_pc": 4, "linked": 5, "partial": 5, "permission": 5,
    "quiet": 5, "expired": 4, "disconnected": 5, "gone": 4,
}  # fmt: skip


@pytest.mark.parametrize(("state", "queries"), STATES.items())
def test_connection_page_asks_a_fixed_number(state, queries, at_ana, ana, django_assert_num_queries):
    company = company_in(state, ana)

    with django_assert_num_queries(queries):
        at_ana.get(f"/c/{company.ref}/connection/")


@pytest.mark.parametrize("state", ["none", *STATES])
def test_home_asks_five_times(state, at_ana, ana, django_assert_num_queries):
    company = company_in(state, ana)

    with django_assert_num_queries(5):
        at_ana.get(f"/c/{company.ref}/")


def test_what_was_agreed_to_asks_five_times(at_ana, ana, django_assert_num_queries):
    company = company_in("linked", ana)

    with django_assert_num_queries(5):
        at_ana.get(f"/c/{company.ref}/connection/shared/")


@pytest.mark.parametrize(
    ("where", "state", "queries"),
    [("share/", "none", 5), ("other/", "none", 4), ("connection/disconnect/", "linked", 4)],
)
def test_pages_with_a_form_ask_a_fixed_number(where, state, queries, at_ana, ana, django_assert_num_queries):
    company = company_in(state, ana)

    with django_assert_num_queries(queries):
        at_ana.get(f"/c/{company.ref}/{where}")


@pytest.mark.parametrize(("where", "queries"), [("activity/", 5), ("connect/", 5), ("connect/xero/", 5)])
def test_other_pages_ask_a_fixed_number(where, queries, at_ana, ana, django_assert_num_queries):
    company = company_in("none", ana)

    with django_assert_num_queries(queries):
        at_ana.get(f"/c/{company.ref}/{where}")


@pytest.mark.parametrize("rows", [1, 3])
def test_earlier_connections_cost_nothing_more(rows, at_ana, ana, django_assert_num_queries):
    company = company_in("linked", ana)
    for _ in range(rows):
        factories.local_connection(company, factories.Status.DELETED, platform_key="qhyg")

    with django_assert_num_queries(5):
        at_ana.get(f"/c/{company.ref}/connection/")


@pytest.mark.parametrize("rows", [2, 4])
def test_the_list_of_companies_asks_three_times(rows, at_ana, ana, django_assert_num_queries):
    for _ in range(rows):
        company_in("linked", ana)

    with django_assert_num_queries(3):
        at_ana.get("/companies/")


@pytest.mark.parametrize("rows", [2, 4])
def test_first_reads_in_the_list_cost_one_query_more(rows, at_ana, ana, django_assert_num_queries):
    for _ in range(rows):
        company_in("reading", ana)

    with django_assert_num_queries(4):
        at_ana.get("/companies/")


def test_open_pages_ask_nothing_of_signed_out_people(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        for page in ("/data/", "/privacy/", "/terms/", "/accessibility/", "/brand.css"):
            assert client.get(page).status_code == 200
