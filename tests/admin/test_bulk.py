"""Acting on many companies: a page with the count, a batch whose rows the worker takes, a file."""

import csv
from io import StringIO

import pytest
from django.test import Client

from onboarding.models import Batch, BatchKind, BatchRow, Company, Event, Mail
from onboarding.usecases import bulk
from tests import factories
from tests.admin.conftest import LIST

BATCH = "/admin/onboarding/batch/"


def some(count: int, **columns: object) -> list[Company]:
    made = [factories.company(customer_id=f"c{number}", name=f"Toft {number}") for number in range(count)]
    Company.objects.filter(pk__in=[company.pk for company in made]).update(**columns)
    return made


def choose(browser: Client, action: str, query: str = "", **told: object) -> str:
    response = browser.post(f"{LIST}{query}", {"action": action, "index": "0", **told})
    assert response.status_code == 303
    return response.headers["Location"]


def test_ticked_companies_become_a_batch_of_rows(operations: Client) -> None:
    made = some(3)
    url = choose(operations, "check_status", _selected_action=[made[0].pk, made[2].pk])

    page = operations.get(url)
    response = operations.post(url, {"reason": "Outage last night"})

    assert page.context["count"] == 2
    batch = Batch.objects.get()
    assert response.headers["Location"] == f"{BATCH}{batch.pk}/change/"
    assert (batch.kind, batch.reason, str(batch.by)) == (BatchKind.CHECK, "Outage last night", "Operations Person")
    assert set(batch.rows.values_list("company_id", flat=True)) == {made[0].pk, made[2].pk}


def test_select_all_hands_on_the_filter_and_no_ids(operations: Client) -> None:
    made = some(30, product="expenses")
    factories.company(customer_id="other", name="Other")
    url = choose(operations, "read_data", "?product=expenses&q=toft", select_across="1")

    operations.post(url)

    assert "ids" not in url and str(made[0].pk) not in url.partition("?")[2]
    assert "product=expenses" in url and "q=toft" in url
    assert BatchRow.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_send_link_in_bulk_follows_the_single_rule(operations: Client) -> None:
    made = some(2)
    operations.post(choose(operations, "send_link", _selected_action=[company.pk for company in made]))

    batch = Batch.objects.get()
    bulk.work(batch)

    assert batch.kind == BatchKind.REMIND
    assert bulk.progress(batch).ended == 2
    assert Mail.objects.count() == 0  # nobody has access yet: there is nobody to write to


def test_the_progress_page_tells_the_rows_that_need_somebody(operations: Client) -> None:
    made = some(2)
    operations.post(choose(operations, "check_status", _selected_action=[company.pk for company in made]))
    batch = Batch.objects.get()
    row = batch.rows.first()
    BatchRow.objects.filter(pk=row.pk).update(status="failed", reason="Codat said no.")

    whole = operations.get(f"{BATCH}{batch.pk}/change/").content
    part = operations.get(f"{BATCH}{batch.pk}/change/", headers={"HX-Request": "true"}).content

    assert b"Codat said no." in whole
    assert b"<html" in whole and b"<html" not in part
    assert b'hx-trigger="every 5s"' in whole


def test_a_batch_is_stopped_and_goes_on(operations: Client) -> None:
    operations.post(choose(operations, "check_status", _selected_action=[some(1)[0].pk]))
    batch = Batch.objects.get()

    operations.post(f"{BATCH}{batch.pk}/stop/")
    stopped = bulk.progress(batch).state
    operations.post(f"{BATCH}{batch.pk}/resume/")

    assert (stopped, bulk.progress(batch).state) == ("stopped", "running")


def test_export_is_safe_for_spreadsheets_and_on_record(operations: Client) -> None:
    some(2)
    factories.company(customer_id="evil", name="=cmd|' /C calc'!A0")
    url = choose(operations, "export", select_across="1")

    response = operations.post(url, {"reason": "Audit"})
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))

    assert len(rows) == 4
    assert [row[2] for row in rows if row[1] == "evil"] == ["'=cmd|' /C calc'!A0"]
    event = Event.objects.get(kind="exported")
    assert (event.facts["companies"], event.reason, str(event.by)) == (3, "Audit", "Operations Person")


def test_support_has_no_bulk_actions(support: Client) -> None:
    some(1)

    assert b'name="action"' not in support.get(LIST).content
    for kind in ("check", "read", "send-link", "export"):
        assert support.get(f"{LIST}bulk/{kind}/?ids=1").status_code == 403


@pytest.mark.parametrize("query", ["?ids=", "?ids=x,y", "?ids=999999"])
def test_nothing_selected_does_nothing(operations: Client, query: str) -> None:
    page = operations.get(f"{LIST}bulk/check/{query}")

    assert page.context["count"] == 0
    assert b"Nothing was selected." in page.content


def test_the_count_costs_one_query(operations: Client, django_assert_num_queries) -> None:
    some(3)

    with django_assert_num_queries(6):  # session, person, two for rights, the page of the list, the count
        operations.get(f"{LIST}bulk/check/?q=toft")
