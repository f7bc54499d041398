"""Staff see what the customer sees, and nothing on it acts."""

import pytest
from django.test import RequestFactory

from onboarding import queries
from onboarding.models import Company
from onboarding.views.companies import home_page
from onboarding.views.connections import connection_page
from tests import factories
from tests.views.reading import heading_of, text_of
from tests.views.scenes import company_in


def as_staff(where, ref: str):
    request = RequestFactory().get("/")
    request.user = factories.sam()
    request._messages = []
    company = queries.for_pages(Company.objects.all()).get(ref=ref)
    return where(request, company, request.user, read_only=True)


@pytest.mark.parametrize("state", ["stopped", "checking", "reading", "linked", "permission", "expired", "disconnected"])
@pytest.mark.parametrize("where", [home_page, connection_page])
def test_staff_read_the_customers_page_without_a_button_that_acts(where, state, ana):
    company = company_in(state, ana)

    answer = as_staff(where, company.ref)

    body = answer.content.decode().split("<main", 1)[1].split("</main", 1)[0]
    assert "<form" not in body
    assert "hx-get" not in body or "htmx" not in answer.content.decode().split("<main")[0]
    assert heading_of(answer)
    assert "as the customer" in text_of(answer)
    assert "sam@alderway.example" not in text_of(answer)
