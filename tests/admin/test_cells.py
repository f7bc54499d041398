"""The rows, filters and scripts of lists are those of the stock admin, however they are drawn."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.templatetags.admin_list import items_for_result
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone

from onboarding.admin import cells
from onboarding.admin.company_filters import Choice
from onboarding.admin.lists import Listed
from onboarding.models import Company, Delivery, Sweep, User
from onboarding.usecases import timeline
from onboarding.usecases.watch import alarms
from tests import factories

LISTED = [model for model, its_admin in admin.site._registry.items() if isinstance(its_admin, Listed)]


@pytest.fixture
def rows() -> None:
    """Companies that need escaping, with connections and lines of a timeline; a message, a sweep, an alarm."""
    company = factories.company(name="<b>Marlow & Sons</b>")
    connection = factories.local_connection(company, organisation='"Quoted" <i>')
    timeline.write("connected", company=company, by=factories.COMMAND, connection=connection)
    factories.company()
    Delivery.objects.create(
        webhook_id="msg_a/b_c", event_type="x", generated_at=timezone.now(), payload={}, not_before=timezone.now()
    )
    Sweep.objects.create(started_at=timezone.now())
    alarms.sound("sweep.many_missing", missing=3)


def _page(model: Any, told: str = "") -> Any:
    path = reverse(f"admin:onboarding_{model._meta.model_name}_changelist") if told else "/admin/"
    request = RequestFactory().get(f"{path}{told}")
    request.resolver_match = resolve(path)
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    return admin.site._registry[model].get_changelist_instance(request)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.__name__)
def test_every_cell_is_the_stock_one(model: Any, rows: None) -> None:
    page = _page(model)

    stock = ["".join(items_for_result(page, row, None)) for row in page.result_list]

    assert cells.rows(page) == stock


def test_a_row_leads_to_its_company_and_back_to_the_filtered_list(rows: None) -> None:
    page = _page(Company, "?software=gbol")

    (row,) = cells.rows(page)

    assert row == "".join(items_for_result(page, page.result_list[0], None))
    assert "_changelist_filters=software%3Dgbol" in row


def test_what_a_customer_wrote_is_escaped(rows: None, support: Client) -> None:
    answer = support.get("/admin/onboarding/company/")

    assert "&lt;b&gt;Marlow &amp; Sons" in answer.content.decode()
    assert "<b>Marlow" not in answer.content.decode()


@pytest.mark.parametrize(
    "told", ["?", "?status=pending", "?needs=yes&q=needs%3Dslot", "?software=slot&waiting=4&q=a%26b"]
)
def test_a_filter_offers_what_the_stock_one_does(told: str, db: None) -> None:
    page = _page(Company, told)
    offered = [spec for spec in page.filter_specs if isinstance(spec, Choice)]

    assert len(offered) >= 6
    for spec in offered:
        first, *others = SimpleListFilter.choices(spec, page)
        assert list(spec.choices(page)) == [{**first, "display": spec.all_words}, *others]


def test_choices_of_a_filter_are_escaped() -> None:
    chosen = {"selected": True, "query_string": "?a=1&b=%3C", "display": "<Any>"}

    assert cells.choices([chosen, {**chosen, "selected": False}]) == (
        '<li class="selected"><a href="?a=1&amp;b=%3C" aria-current="true">&lt;Any&gt;</a></li>\n'
        '  <li><a href="?a=1&amp;b=%3C">&lt;Any&gt;</a></li>'
    )


def test_a_list_loads_the_stock_scripts(rows: None, support: Client) -> None:
    answer = support.get("/admin/onboarding/company/")

    assert str(admin.site.get_model_admin(Company).media["js"]) in answer.content.decode()
