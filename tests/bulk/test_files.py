"""Files in the dialects and encodings that people send."""

import io

import pytest

from onboarding.usecases.bulk.files import FileRefused, Record, Sheet

TEXT = "customer_id,name\nc-1,Café Élan\n"


def records(content: bytes) -> list[Record]:
    with Sheet(io.BytesIO(content)) as sheet:
        return list(sheet)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode(), "UTF-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8 with a mark"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("cp1252"), "Windows-1252"),
    ],
)
def test_encoding_is_detected_and_said(content: bytes, said: str) -> None:
    with Sheet(io.BytesIO(content)) as sheet:
        assert sheet.encoding == said
        assert sheet.header == ("customer_id", "name")
        assert [record.cells for record in sheet] == [["c-1", "Café Élan"]]


def test_windows_letter_far_down_is_noticed() -> None:
    content = TEXT.encode() * 1 + b"c,Plain\n" * 300_000 + "c,Café\n".encode("cp1252")

    with Sheet(io.BytesIO(content)) as sheet:
        assert sheet.encoding == "Windows-1252"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_found_in_the_header(delimiter: str) -> None:
    content = f'a{delimiter}"b,;\t"{delimiter}c\n1{delimiter}"2{delimiter}2"{delimiter}3\n'.encode()

    assert records(content) == [Record(2, ["1", f"2{delimiter}2", "3"])]


def test_spreadsheet_may_name_its_delimiter() -> None:
    assert records(b"sep=;\na;b\n1;2\n") == [Record(3, ["1", "2"])]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_an_editor_shows_them(ending: str) -> None:
    content = ending.join(["a,b", "", "1,2", '"3', '4",5', "   ", "6,7"]).encode()

    assert [(record.line, record.cells[-1]) for record in records(content)] == [(3, "2"), (4, "5"), (7, "7")]


def test_open_quotation_mark_costs_one_row() -> None:
    content = b"a,b\n" + b'1,"two\n' + b"3,4\n" * 30

    first, *others = records(content)

    assert (first.line, first.fault) == (2, "A quotation mark is opened and not closed.")
    assert [(record.line, record.cells) for record in others] == [(line, ["3", "4"]) for line in range(3, 33)]


def test_misplaced_quotation_mark_is_said() -> None:
    (record,) = records(b'a,b\n"1"x"",2\n')

    assert record.fault.startswith("A quotation mark stands where none can")


def test_character_that_cannot_be_read_is_said() -> None:
    nul, broken = records(b"a,b\n1,x\x00y\n2,\x81\xe9\n")

    assert nul.fault.startswith("It holds a character") and "\0" not in nul.cells[1]
    assert broken.fault.startswith("It holds a character")


@pytest.mark.parametrize("row", [b'1,"open\x00', b'1,"a"b\x00', b"1,\x00" + b"x" * 21_000])
def test_zero_character_goes_whatever_else_is_wrong(row: bytes) -> None:
    """PostgreSQL would refuse the row, and with it the whole file."""
    (found,) = records(b"a,b\n" + row + b"\n")

    assert found.fault and not found.fault.startswith("It holds a character")
    assert "\0" not in "".join(found.cells) and "�" in "".join(found.cells)


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_workbook_is_refused_in_words(head: bytes) -> None:
    with pytest.raises(FileRefused, match="save it as CSV first"):
        Sheet(io.BytesIO(head + bytes(200)))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused, match="empty"):
        Sheet(io.BytesIO(content))


def test_same_bytes_have_the_same_digest() -> None:
    with Sheet(io.BytesIO(TEXT.encode())) as one, Sheet(io.BytesIO(TEXT.encode())) as other:
        assert one.digest == other.digest
