import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.codat import Garbled
from onboarding.codat.fields import number_in, read_json, read_storable_json, read_time, readable, required_uuid


@pytest.mark.parametrize(
    ("told", "time"),
    [
        ("2023-09-06T09:13:35Z", datetime(2023, 9, 6, 9, 13, 35, tzinfo=UTC)),
        ("2024-08-06T12:00:00.25Z", datetime(2024, 8, 6, 12, 0, 0, 250000, tzinfo=UTC)),
        ("2024-08-08T17:10:34.015Z", datetime(2024, 8, 8, 17, 10, 34, 15000, tzinfo=UTC)),
        ("2024-08-07T12:02:32.15033Z", datetime(2024, 8, 7, 12, 2, 32, 150330, tzinfo=UTC)),
        ("2023-09-07T02:14:03.497225Z", datetime(2023, 9, 7, 2, 14, 3, 497225, tzinfo=UTC)),
        ("2023-09-06T09:13:35.8188152Z", datetime(2023, 9, 6, 9, 13, 35, 818815, tzinfo=UTC)),
        ("2023-09-06T09:13:35", datetime(2023, 9, 6, 9, 13, 35, tzinfo=UTC)),
        ("2023-09-06T11:13:35+02:00", datetime(2023, 9, 6, 9, 13, 35, tzinfo=UTC)),
        ("2023-09-06T03:43:35-05:30", datetime(2023, 9, 6, 9, 13, 35, tzinfo=UTC)),
        ("2023-09-06 09:13:35Z", datetime(2023, 9, 6, 9, 13, 35, tzinfo=UTC)),
        ("2023-09-06", datetime(2023, 9, 6, tzinfo=UTC)),
        ("2024-09-01T23:59:99Z", datetime(2024, 9, 1, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2023-13-40T25:61:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1614265330, None),
        ({}, None),
    ],
)
def test_time_is_read_leniently(told, time):
    assert read_time(told) == time


@given(
    st.one_of(st.text(), st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,9})?(Z|[+-]\d\d:\d\d)?", fullmatch=True))
)
def test_time_is_aware_utc_or_none(told):
    time = read_time(told)

    assert time is None or time.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"<html>", b"\xff\xfe", b'{"a": NaN}', b"[Infinity]", b"[" * 100_000, b"1" * 5000, b"\x00", b"{}{}"],
)
def test_json_is_garbled(raw):
    with pytest.raises(Garbled):
        read_json(raw)


@given(st.binary())
def test_json_is_read_or_garbled(raw):
    try:
        value = read_json(raw)
    except Garbled:
        return
    assert not (isinstance(value, float) and math.isnan(value))


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (12, 12),
        ("12", 12),
        (0, 0),
        (True, None),
        (1.5, None),
        ("1.5", None),
        ("", None),
        (None, None),
        ("٣", None),
        ("9" * 30, None),
    ],
)
def test_number_is_whole_or_none(told, number):
    assert number_in({"n": told}, "n") == number


def test_list_is_readable_without_its_broken_entry():
    good = {"id": "77921ff9-2491-4dfe-b23b-ff28f3e31e4f"}

    read = readable([{"id": "?"}, good, {}], lambda entry: required_uuid(entry, "id"))

    assert [str(each) for each in read] == [good["id"]]


def test_list_of_nothing_but_broken_entries_is_garbled():
    with pytest.raises(Garbled):
        readable([{"id": "?"}], lambda entry: required_uuid(entry, "id"))
    assert readable([], lambda entry: required_uuid(entry, "id")) == ()


def test_what_no_database_takes_is_replaced_in_an_answer_and_the_rest_is_left():
    raw = rb'{"a\u0000": "x\u0000y", "b": ["\ud83d", "\ud83d\ude00", 7], "c": "\\u0000"}'

    assert read_storable_json(raw) == {"a\ufffd": "x\ufffdy", "b": ["\ufffd", "\U0001f600", 7], "c": "\\u0000"}
    with pytest.raises(Garbled):
        read_storable_json(b"[" * 900 + rb'"\u0000"' + b"]" * 900)
