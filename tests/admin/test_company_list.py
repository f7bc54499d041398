"""The list of companies: what stands first, how it is found, and that its cost does not grow."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Delivery, Invitation
from onboarding.usecases import companies, standing, timeline
from tests import factories
from tests.admin.conftest import LIST, page_of

BEFORE_THE_LIST = 4  # session, person, the rights of the person, those of the groups
CLOCK = Actor(Source.WORKER)


def company(name: str, **columns: object) -> Company:
    made = companies.create(
        customer_id=f"cust-{uuid4().hex[:8]}", name=name, email=f"{name.split()[0].lower()}@x.example",
        product="bill_pay_async", by=factories.COMMAND,
    )  # fmt: skip
    Company.objects.filter(pk=made.pk).update(**columns)
    made.refresh_from_db()
    return made


def days_ago(days: float) -> object:
    return timezone.now() - timedelta(days=days)


def names(browser: Client, query: str = "") -> list[str]:
    response = browser.get(f"{LIST}{query}")
    assert response.status_code == 200
    return [row.name for row in response.context["cl"].result_list]


def test_those_who_need_somebody_come_first_and_then_the_longest_waiting(support: Client) -> None:
    company("Settled Ltd", state="linked", turn=2, state_since=days_ago(900))
    company("Waits Short", state="pending", turn=1, state_since=days_ago(1))
    company("Waits Long", state="pending", turn=1, state_since=days_ago(5))
    company("Needs You", state="expired", turn=0, needs="expired", state_since=days_ago(3))

    assert names(support) == ["Needs You", "Waits Long", "Waits Short", "Settled Ltd"]


def test_those_without_their_partner_connection_are_found_by_the_filter(support: Client) -> None:
    made = factories.company(factories.ana(), product="expenses")
    factories.local_connection(made, Status.LINKED, at=days_ago(0.5))
    company("Needs Something Else", state="expired", turn=0, needs="expired")

    response = support.get(f"{LIST}?needs=no_partner")

    assert [row.name for row in response.context["cl"].result_list] == [made.name]
    assert "Partner connection missing" in response.content.decode()


@pytest.mark.parametrize("count", [1, 3, 30])
def test_the_list_costs_one_query_for_any_number_of_rows(
    support: Client, count: int, django_assert_num_queries
) -> None:
    for number in range(count):
        made = company(f"Reader {number}")
        factories.local_connection(made, Status.LINKED)

    with django_assert_num_queries(BEFORE_THE_LIST + 1):
        response = support.get(LIST)

    assert b"First read 0 of 7" in response.content


def test_a_search_costs_one_query_more_for_an_exact_name(support: Client, django_assert_num_queries) -> None:
    company("Toft Stores")

    with django_assert_num_queries(BEFORE_THE_LIST + 2):
        assert names(support, "?q=toft") == ["Toft Stores"]


@pytest.mark.parametrize("told", ["toft sto", "STORES", "toft@x", "toft@x.example"])
def test_words_of_a_name_and_parts_of_an_address_find_the_company(support: Client, told: str) -> None:
    company("Toft Stores")
    company("Harrow Timber")

    assert names(support, f"?q={told}") == ["Toft Stores"]


def test_the_organisation_in_the_software_finds_the_company(support: Client) -> None:
    made = company("Toft Stores")
    connection = factories.local_connection(made, Status.LINKED, organisation="Granite Holdings")
    standing.refresh([connection.company_id])

    assert names(support, "?q=granite hold") == ["Toft Stores"]


def test_an_address_of_any_of_its_people_finds_the_company(support: Client) -> None:
    made = company("Toft Stores")
    companies.add_person(made, "bookkeeper@elsewhere.example", by=CLOCK)
    Invitation.objects.create(
        company=made, email="asked@elsewhere.example", language="en", expires_at=timezone.now() + timedelta(days=1)
    )

    assert names(support, "?q=bookkeeper@else") == ["Toft Stores"]
    assert names(support, "?q=asked@elsewhere.example") == ["Toft Stores"]


def test_an_exact_reference_or_id_opens_the_company_at_once(support: Client) -> None:
    made = company("Toft Stores")
    connection = factories.local_connection(made, Status.LINKED)
    timeline.write("check", company=made, by=CLOCK, correlation_id="corr-0123456789", delivery_id="msg_0123456789")
    Delivery.objects.create(
        webhook_id="msg_another_one_1", event_type="x", event_id="evt-0123456789", not_before=timezone.now(),
        company_codat_id=made.codat_id,
    )  # fmt: skip

    for told in (
        made.ref, made.ref.lower(), made.ref.replace("-", ""), made.customer_id, made.codat_id, connection.codat_id,
        "corr-0123456789", "msg_0123456789", "msg_another_one_1", "evt-0123456789",
    ):  # fmt: skip
        response = support.get(LIST, {"q": str(told)})
        assert (response.status_code, response.headers.get("Location")) == (302, page_of(made)), told


def test_a_customer_id_with_a_blank_in_it_opens_its_company_too(support: Client) -> None:
    made = factories.company(customer_id="AB 12")

    assert support.get(LIST, {"q": "AB 12"}).headers["Location"] == page_of(made)


def test_an_id_that_nothing_has_says_what_was_searched(support: Client) -> None:
    company("Toft Stores")

    response = support.get(LIST, {"q": str(uuid4())})

    assert b"No match. Searched: Name, reference" in response.content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?needs=yes", ["Expired Co"]),
        ("?needs=expired", ["Expired Co"]),
        ("?needs=no", ["Fresh Co", "Xero Co"]),
        ("?status=pending", ["Xero Co"]),
        ("?waiting=0", ["Fresh Co"]),
        ("?waiting=4", ["Expired Co"]),
        ("?software=gbol", ["Xero Co"]),
        ("?product=expenses", ["Fresh Co"]),
        ("?language=fr", ["Fresh Co"]),
        ("?invited_by=dan", ["Xero Co"]),
        ("?step=invited_at", ["Xero Co"]),
        ("?step=invited_at&period=30", []),
        ("?period=all", ["Expired Co", "Fresh Co", "Xero Co"]),
        ("?status=pending&product=expenses", []),
    ],
)
def test_filters_narrow_the_list(support: Client, query: str, found: list[str]) -> None:
    dan = factories.person("dan@alderway.example", "Dan Okoro", is_staff=True)
    company("Expired Co", state="expired", turn=0, needs="expired", state_since=days_ago(5))
    company("Fresh Co", state="new", turn=1, state_since=days_ago(0.1), product="expenses", language="fr")
    company(
        "Xero Co", state="pending", turn=1, state_since=days_ago(2), platform_key="gbol", invited_by=dan,
        invited_at=days_ago(90),
    )  # fmt: skip

    assert sorted(names(support, query)) == found


@pytest.mark.parametrize(
    "query", ["?status=nonsense", "?waiting=99", "?step=id", "?period=forever", "?after=1~2", "?before=~~~", "?p=7"]
)
def test_an_address_that_nobody_made_still_shows_the_list(support: Client, query: str) -> None:
    company("Toft Stores")

    assert names(support, query) == ["Toft Stores"]


def test_pages_by_key_show_every_company_once_forth_and_back(support: Client) -> None:
    for number in range(60):
        company(f"Company {number:02}", state_since=days_ago(number // 7), turn=number % 3)
    forth, query = [], ""
    while True:
        page = support.get(f"{LIST}{query}").context["cl"]
        forth.append([row.pk for row in page.result_list])
        if not page.next_url:
            break
        query = page.next_url
    back = [forth[-1]]
    while page.previous_url:
        page = support.get(f"{LIST}{page.previous_url}").context["cl"]
        back.append([row.pk for row in page.result_list])

    everybody = list(Company.objects.order_by("turn", "state_since", "id").values_list("pk", flat=True))
    assert [pk for rows in forth for pk in rows] == everybody
    assert [len(rows) for rows in forth] == [25, 25, 10]
    assert back[::-1] == forth


def test_a_page_keeps_the_filters_and_the_search(support: Client) -> None:
    for number in range(30):
        company(f"Toft {number}", product="expenses")

    url = support.get(f"{LIST}?q=toft&product=expenses").context["cl"].next_url

    assert "q=toft" in url and "product=expenses" in url
    assert len(names(support, url)) == 5


def test_nothing_is_counted_and_nothing_can_be_deleted(
    support: Client, lead: Client, django_assert_num_queries
) -> None:
    made = company("Toft Stores")

    response = lead.get(LIST)

    assert b"delete_selected" not in response.content
    assert lead.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Company.objects.filter(pk=made.pk).exists()


def test_suggestions_for_invited_by_are_a_handful(support: Client) -> None:
    for number in range(12):
        factories.person(f"dan{number}@alderway.example", f"Dan {number}", is_staff=True)

    response = support.get(f"{LIST}inviters/", {"invited_by": "dan"})

    assert response.content.count(b"<option") == 8


def test_erased_companies_are_not_listed(support: Client) -> None:
    company("Gone Ltd", erased_at=timezone.now())

    assert names(support) == []
