"""The import page: upload, look at the dry run, start, download."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from onboarding import tasks
from onboarding.admin.batch import LARGEST_FILE
from onboarding.forms import clean_row
from onboarding.models import Batch, BatchRow, Company, Upload
from onboarding.usecases import bulk
from tests.admin.conftest import LIST
from tests.kit import Sandbox

IMPORT = "/admin/onboarding/batch/import/"
HEADER = "customer_id,name,email,product\n"


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
    assert other.post(url, {}).status_code == 403
    assert operations.get(f"{IMPORT}forged/", follow=True).status_code == 404


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


def test_an_upload_that_is_gone_is_said_on_the_import_page(operations: Client) -> None:
    url = upload(operations, HEADER + "a,Toft,jo@toft.example,expenses\n")
    Upload.objects.all().delete()

    asked, started = operations.get(url, follow=True), operations.post(url, {})

    assert (asked.redirect_chain, started.status_code) == ([(IMPORT, 303)], 303)
    assert "Choose the file again." in asked.content.decode()
    assert not Batch.objects.exists()


def test_support_imports_nothing(support: Client) -> None:
    assert support.get(IMPORT).status_code == 403
    assert b"Import a file" not in support.get(LIST).content


def large(count: int = 16_000) -> str:
    """More than is read within the request."""
    rows = (f"cust-{n},Company number {n} Ltd,owner{n}@customer.example,expenses\n" for n in range(count))
    return HEADER + "".join(rows)


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_read_and_stored_by_the_worker_and_its_pages_say_how_far_it_is(operations: Client) -> None:
    url = upload(operations, large())
    first = operations.get(url)
    bulk.read_uploads(0, clean=clean_row)
    inner = operations.get(url, headers={"HX-Request": "true"})

    assert (first.status_code, BatchRow.objects.count()) == (200, 0)
    assert b"Reading begins within seconds." in first.content and b"hx-get" in first.content
    assert b"<b>500 rows</b> read so far" in inner.content and b"<html" not in inner.content
    assert operations.post(url, {}).headers["Location"] == url  # nothing to start yet
    assert not Batch.objects.exists()

    tasks.read_uploads()
    assert operations.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert operations.get(url).context["report"].ready == 16_000

    progress = operations.post(url, {"reason": "New client"}).headers["Location"]
    assert operations.get(url).headers["Location"] == progress
    bulk.read_uploads(0, clean=clean_row)
    page = operations.get(progress)
    assert b"<b>500 / 16,000</b> rows stored. Storing." in page.content
    assert page.context["percent"] == 3

    tasks.read_uploads()
    assert bulk.progress(Batch.objects.get()).waiting == 16_000
    assert b"0 / 16,000" in operations.get(progress).content


@pytest.mark.django_db(transaction=True)
def test_storing_is_stopped_and_continued_on_the_progress_page(operations: Client) -> None:
    url = upload(operations, large())
    tasks.read_uploads()
    progress = operations.post(url, {}).headers["Location"]
    batch = Batch.objects.get()
    bulk.read_uploads(0, clean=clean_row)

    operations.post(f"/admin/onboarding/batch/{batch.pk}/stop/")
    tasks.read_uploads()
    stopped = operations.get(progress)
    operations.post(f"/admin/onboarding/batch/{batch.pk}/resume/")
    tasks.read_uploads()

    assert b"<b>500 / 16,000</b> rows stored. Stopped. Continue stores the rest." in stopped.content
    assert bulk.progress(batch).total == 16_000


def test_a_file_that_no_worker_takes_is_no_bare_waiting(operations: Client) -> None:
    url = upload(operations, large())
    assert b"the bulk worker may be stopped" not in operations.get(url).content

    Upload.objects.update(not_before=timezone.now() - timedelta(seconds=90))

    assert b"the bulk worker may be stopped" in operations.get(url).content


def test_a_large_file_that_cannot_be_used_says_so_on_the_page_that_waits_for_it(operations: Client) -> None:
    url = upload(operations, large().replace("email,", "mail,", 1))
    assert operations.get(url).status_code == 200

    tasks.read_uploads()
    page = operations.get(url)

    assert operations.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert page.status_code == 422
    assert page.context["problems"][0].startswith("Missing: email.")
