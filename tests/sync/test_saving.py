"""Rows saved together are as if each had been saved alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from onboarding.models import Company, Connection
from onboarding.usecases.saving import save_each
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
CONNECTION = {
    "reads": {"bills": {"status": "Complete", "at": NOW.isoformat()}, "é": {"x": None}},
    "failure": "It's “over”; DROP TABLE x --",
    "linked_at": NOW,
    "left_at": None,
    "returned_code": 403,
    "is_unfinished": True,
    "seen_by_read": False,
    "create_key": uuid4(),
}
COMPANY = {"codat_products": ["payables", "Ünï"], "gone_at": NOW - timedelta(days=1), "codat_id": uuid4(), "needs": ""}


@pytest.mark.parametrize(("model", "values"), [(Connection, CONNECTION), (Company, COMPANY)])
def test_every_kind_of_value_comes_back(model, values):
    factories.local_connection(factories.company(factories.ana()))
    row = model.objects.get()
    for name, value in values.items():
        setattr(row, name, value)
    save_each([row], list(values))

    fresh = model.objects.get()
    assert {name: getattr(fresh, name) for name in values} == values
    row.save()
    assert model.objects.values().get() == {**model.objects.values().get(), **values}


def test_each_row_keeps_values_of_its_own(django_assert_num_queries):
    rows = [factories.company() for _ in range(3)]
    for number, row in enumerate(rows):
        row.name = f"Name {number}"
    with django_assert_num_queries(1):
        save_each(rows, ["name"])

    assert list(Company.objects.order_by("pk").values_list("name", flat=True)) == ["Name 0", "Name 1", "Name 2"]


def test_no_rows_cost_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        save_each([], ["name"])
