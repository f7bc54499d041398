"""Cleaning one row: every fault in a sentence."""

import pytest

from onboarding.forms import clean_row

GOOD = {
    "customer_id": " c-1 ",
    "name": "  Toft   Stores ",
    "email": "Jo@Toft.Example",
    "product": "Expenses",
    "platform": "Oracle NetSuite",
    "language": "FR",
    "contact": "Jo",
    "country": "fr",
    "time_zone": "Europe/Paris",
}


def test_row_is_cleaned() -> None:
    told = clean_row(GOOD, {"region": "north"})

    assert told.problems == []
    assert told.tags == {"region": "north"}
    assert told.fields == {
        "customer_id": "c-1",
        "name": "Toft Stores",
        "email": "jo@toft.example",
        "product": "expenses",
        "platform": "akxx",
        "language": "fr",
        "contact": "Jo",
        "country": "FR",
        "time_zone": "Europe/Paris",
    }


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("customer_id", " ", "The customer ID is blank."),
        ("customer_id", "x" * 101, "The customer ID is longer than 100 characters."),
        ("customer_id", "a\nb", "The customer ID holds a line break or another control character."),
        ("name", "", "The name is blank."),
        ("email", "", "The email is blank."),
        ("email", "jo@", "“jo@” is not an email address."),
        ("product", "", "The product is blank."),
        ("product", "lending", "“lending” is no product: it is one of bill_pay_async, bill_pay_sync, expenses."),
        ("platform", "sap", "“sap” is no platform we know."),
        ("platform", "pdvj", "MYOB Business cannot be connected for expenses."),
        ("platform", "qhyg", "QuickBooks Online is closed in FR."),
        ("language", "de", "“de” is no language of ours: it is one of en, fr."),
        ("country", "UK", "“UK” is no country code: the United Kingdom is GB."),
        ("country", "France", "“FRANCE” is no country: write its two letters, such as GB or FR."),
        ("time_zone", "Paris", "“Paris” is no time zone: write it as Europe/London or Europe/Paris."),
    ],
)
def test_fault_is_a_sentence(column: str, value: str, said: str) -> None:
    assert clean_row({**GOOD, column: value}, {}).problems == [(column, said)]


def test_long_tag_is_a_fault() -> None:
    assert clean_row(GOOD, {"region": "x" * 101}).problems == [
        ("tag:region", "The tag region is longer than 100 characters.")
    ]


def test_optional_cells_may_be_blank() -> None:
    bare = {name: GOOD[name] for name in ("customer_id", "name", "email", "product")}

    told = clean_row(bare, {})

    assert (told.problems, told.fields["language"], told.fields["platform"]) == ([], "en", "")
