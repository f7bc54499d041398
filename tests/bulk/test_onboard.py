"""Onboarding a file, against Codat over real HTTP."""

import pytest

from onboarding.models import Company
from onboarding.usecases import bulk
from tests.bulk.files import accepted, csv_of, good_rows
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_row_becomes_one_company_at_codat(sandbox: Sandbox) -> None:
    batch = accepted(csv_of(good_rows(40)))

    bulk.drain()

    at_codat = sandbox.companies()
    assert {told["tags"]["uid"] for told in at_codat} == {
        str(uid) for uid in Company.objects.values_list("uid", flat=True)
    }
    assert len(sandbox.requests()) == len(at_codat) == 40
    assert bulk.progress(batch).done == 40
    assert bulk.progress(batch).state == "finished"
