"""The import page: upload, look at the dry run, start, download."""

import csv
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onboarding.admin.batch import LARGEST_FILE
from onboarding.models import Batch, Company
from onboarding.usecases import bulk
from tests.admin.conftest import LIST
from tests.kit import Sandbox

IMPORT = "/admin/onboarding/batch/import/"
HEADER = "customer_id,name,email,product\n"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path) -> None:
    settings.VAR_DIR = tmp_path


def upload(browser: Client, text: str) -> str:
    file = SimpleUploadedFile("new.csv", text.encode(), content_type="text/csv")
    response = browser.post(IMPORT, {"file": file})
    assert response.status_code == 303, response.content.decode()[:800]
    return response.headers["Location"]


def test_the_dry_run_names_every_fault_and_stores_nothing(operations: Client) -> None:
    text = HEADER + "a,Toft Stores,jo@toft.example,expenses\nb,Harrow,nonsense,expenses\na,Again,x@x.example,expenses\n"

    page = operations.get(upload(operations, text))

    assert (page.context["report"].ready, page.context["report"].errors, page.context["report"].duplicates) == (1, 1, 1)
    assert "“nonsense” is not an email address." in page.content.decode()
    assert not Batch.objects.exists() and not Company.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_started_file_becomes_companies_and_its_result_can_be_downloaded(
    sandbox: Sandbox, operations: Client
) -> None:
    url = upload(operations, HEADER + "a,Toft Stores,jo@toft.example,expenses\n")

    response = operations.post(url, {"reason": "New client", "invite": "on"})
    batch = Batch.objects.get()
    bulk.work(batch)
    result = operations.get(f"/admin/onboarding/batch/{batch.pk}/result.csv")

    assert response.headers["Location"] == f"/admin/onboarding/batch/{batch.pk}/change/"
    assert (batch.reason, batch.name, batch.options["invite"]) == ("New client", "new.csv", True)
    assert len(sandbox.companies()) == 1
    rows = list(csv.DictReader(StringIO(b"".join(result.streaming_content).decode("utf-8-sig"))))
    assert (rows[0]["customer_id"], rows[0]["status"]) == ("a", "created")


def test_a_header_without_its_columns_is_refused_with_all_faults(operations: Client) -> None:
    page = operations.get(upload(operations, "name,mail\nToft,x\n"))

    assert page.status_code == 422
    assert len(page.context["problems"]) >= 1
    assert b"customer_id" in page.content


def test_an_upload_is_good_for_its_person_alone(operations: Client, staff, sign_in) -> None:
    url = upload(operations, HEADER + "a,Toft,jo@toft.example,expenses\n")
    other = sign_in(staff("Operations", "Other Operator"))

    assert other.get(url).status_code == 403
    assert operations.get(f"{IMPORT}forged/").status_code == 404


def test_a_file_over_fifty_megabytes_is_refused(operations: Client) -> None:
    file = SimpleUploadedFile("big.csv", HEADER.encode().ljust(LARGEST_FILE + 1, b"x"))

    response = operations.post(IMPORT, {"file": file})

    assert response.status_code == 422
    assert b"use the command onboard_companies" in response.content


def test_a_body_that_is_refused_unread_says_what_to_do(operations: Client) -> None:
    file = SimpleUploadedFile("big.csv", HEADER.encode().ljust(LARGEST_FILE + 100_000, b"x"))

    response = operations.post(IMPORT, {"file": file})

    assert response.status_code == 413
    assert b"The file is larger than 50 MB." in response.content
    assert b"Use the command onboard_companies" in response.content


def test_an_upload_that_is_gone_is_said_on_the_import_page(operations: Client, settings) -> None:
    url = upload(operations, HEADER + "a,Toft,jo@toft.example,expenses\n")
    for kept in (settings.VAR_DIR / "imports").iterdir():
        kept.unlink()

    asked, started = operations.get(url, follow=True), operations.post(url, {})

    assert (asked.redirect_chain, started.status_code) == ([(IMPORT, 303)], 303)
    assert "Choose the file again." in asked.content.decode()
    assert not Batch.objects.exists()


def test_support_imports_nothing(support: Client) -> None:
    assert support.get(IMPORT).status_code == 403
    assert b"Import a file" not in support.get(LIST).content
