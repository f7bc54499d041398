"""The dry run: everything that is wrong, with its line, and nothing touched."""

import io
import json

import pytest

from onboarding.forms import clean_row
from onboarding.models import Batch, Company
from onboarding.usecases import bulk, companies
from onboarding.usecases.bulk import checking, headings
from onboarding.usecases.bulk.files import Sheet
from tests.bulk.files import COMMAND, HEADER, checked, csv_of, good_rows

pytestmark = pytest.mark.django_db


def test_clean_file_has_no_findings() -> None:
    report = checked(csv_of(good_rows(3)))

    assert (report.rows, report.ready, report.is_clean, report.findings) == (3, 3, True, [])


def test_every_planted_fault_is_named_with_its_line() -> None:
    rows = good_rows(1_000)
    planted = {}
    for n, row in enumerate(rows[:]):
        if n % 33 == 32:
            kind = n % 3
            broken = [("", *row[1:]), (row[0], row[1], "nobody", row[3]), (rows[n - 1][0], *row[1:])][kind]
            rows[n], planted[n + 2] = broken, kind

    report = checked(csv_of(rows))

    assert {finding.line for finding in report.findings} == set(planted)
    assert (report.ready, report.errors + report.duplicates) == (1_000 - len(planted), len(planted))


def test_mistakes_of_the_header_are_named_all_at_once() -> None:
    header = ("customer_id", "Name", "NAME", "tag:uid", "tag:with space", "tag:a", "tag:a")

    with pytest.raises(bulk.FileRefused) as caught:
        checked(csv_of([], header=header))

    assert caught.value.problems == (
        "Missing: email, product. The first line names the columns: customer_id, name, email, product.",
        "The column name stands twice.",
        "The tag uid is ours: leave the column tag:uid out.",
        "The tag “with space” needs 1 to 27 letters, digits, hyphens or underscores.",
        "The column tag:a stands twice.",
    )


def test_columns_that_nobody_knows_are_named_beside_those_that_are_missing() -> None:
    with pytest.raises(bulk.FileRefused) as caught:
        checked(csv_of([], header=("id", "name", "mail", "product")))

    assert [problem.partition(".")[0] for problem in caught.value.problems] == [
        "Missing: customer_id, email",
        "Not known, and ignored: id, mail",
    ]


def test_many_notes_push_no_fault_out() -> None:
    rows = [(f"c-{n}", f"Café {n}", f"o{n}@x.example", "expenses") for n in range(1_100)]

    report = checked(
        csv_of([*rows, ("c-0", "Again", "a@b.example", "expenses"), ("c-x", "", "a@b.example", "expenses")])
    )

    assert (len(report.notes), report.is_cut) == (1_000, True)
    assert [finding.line for finding in report.faults] == [1_102, 1_103]
    assert (report.duplicate_lines, report.error_lines) == ([1_102], [1_103])


def test_too_many_tags_are_refused() -> None:
    with pytest.raises(bulk.FileRefused, match="10 columns tag"):
        checked(csv_of([], header=(*HEADER, *(f"tag:t{n}" for n in range(10)))))


def test_unknown_columns_are_noted_and_results_of_ours_are_not() -> None:
    report = checked(csv_of([], header=(*HEADER, "Shoe size", "status", "Invitation URL")))

    assert report.columns.unknown == ("Shoe size",)


def test_name_that_codat_cleans_is_shown_before_and_after() -> None:
    report = checked(csv_of([("c-1", "Café (Élan)", "a@b.example", "expenses")]))

    assert report.is_clean
    assert report.findings[0].sentence == "Codat will keep “Cafe Elan” of the name “Café (Élan)”."


def test_name_of_which_nothing_is_left_is_a_fault() -> None:
    report = checked(csv_of([("c-1", "日本", "a@b.example", "expenses")]))

    assert report.errors == 1
    assert report.findings[0].sentence == "Codat keeps no letter or figure of the name “日本”: give it another."


def test_value_too_many_is_a_fault() -> None:
    report = checked(b"customer_id,name,email,product\nc-1,Toft, Stores,a@b.example,expenses\n")

    assert report.findings[0].sentence.startswith("It has 5 values, and the header names 4 columns.")


def test_company_that_is_onboarded_already_is_said() -> None:
    company = companies.create(customer_id="cust-1", name="A", email="a@b.example", product="expenses", by=COMMAND)
    Company.objects.update(codat_id=company.uid)

    report = checked(csv_of(good_rows(2)))

    assert (report.already, report.ready, report.to_create) == (1, 1, 1)
    assert report.findings[0].sentence.startswith(f"Onboarded already, as {company.ref}.")


def test_checking_stores_nothing() -> None:
    checked(csv_of(good_rows(3)))

    assert not Batch.objects.exists() and not Company.objects.exists()


def test_queries_do_not_grow_with_the_rows(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for count in (1, 400):
        with django_assert_num_queries(1):
            checked(csv_of(good_rows(count)))


@pytest.mark.parametrize("after", [1, 2, 600, 1201, 1202, 1203])
def test_look_that_was_broken_off_goes_on_behind_a_line(after: int) -> None:
    """With what it had found, and with the customer IDs of the rows before."""
    content = csv_of([*good_rows(1_200), good_rows(1)[0], ("", *good_rows(1, first=9_999)[0][1:])])
    with Sheet(io.BytesIO(content)) as sheet:
        columns = headings.read(sheet.header)
        rows = [row for page in checking.examine(sheet, columns, clean_row) for row in page]
        before = bulk.Report(sheet.encoding, sheet.delimiter, columns)
        for row in rows:
            if row.record.line <= after:
                before.add(row)

        going_on = bulk.Report.read(json.loads(json.dumps(before.as_json())), columns)
        for page in checking.examine(sheet, columns, clean_row, after=after):
            for row in page:
                going_on.add(row)

    assert going_on == checked(content)
    assert (going_on.duplicates, going_on.errors) == (1, 1)
