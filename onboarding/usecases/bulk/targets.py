"""Files that name companies we have: by customer ID, by reference or by Codat's id."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from ...models import Company
from . import headings
from .checking import AT_A_TIME, Examined, Fate, Finding, in_chunks
from .files import FileRefused, Record, Sheet
from .seen import Seen

KEYS = ("customer_id", "reference", "codat_id")
FIELDS = {"customer_id": "customer_id", "reference": "ref", "codat_id": "codat_id"}
NAMES = {"customer_id": "customer ID", "reference": "reference", "codat_id": "Codat company ID"}


def key_of(header: Sequence[str]) -> tuple[str, int]:
    """The column that names the companies, and its place. Raises FileRefused."""
    words = [headings.plain(name) for name in header]
    for key in KEYS:
        if key in words:
            return key, words.index(key)
    raise FileRefused(f"One column has to name the companies: {', '.join(KEYS)}.")


def examine(sheet: Sheet) -> Iterator[list[Examined]]:
    """The rows, 500 at a time, each with its company or with what is wrong."""
    key, place = key_of(sheet.header)
    with Seen() as seen:
        for records in in_chunks(sheet, AT_A_TIME):
            yield _examined(records, key, place, seen)


def _examined(records: list[Record], key: str, place: int, seen: Seen) -> list[Examined]:
    values = [_value(record, key, place) for record in records]
    pairs = zip(values, records, strict=True)
    first_lines = seen.first_lines((value, record.line) for value, record in pairs if value)
    found = _companies(key, [value for value in values if value])
    return [_row(*pair, key, first_lines, found) for pair in zip(records, values, strict=True)]


def _value(record: Record, key: str, place: int) -> str:
    value = record.cells[place].strip() if place < len(record.cells) and not record.fault else ""
    if key == "reference":
        return value.upper()
    if key == "codat_id" and value:
        try:
            return str(UUID(value))
        except ValueError:
            return value
    return value


def _companies(key: str, values: list[str]) -> dict[str, Company]:
    if key == "codat_id":
        values = [value for value in values if len(value) == 36]
    rows = Company.objects.filter(**{f"{FIELDS[key]}__in": values}).only(*FIELDS.values(), "erased_at")
    return {str(getattr(company, FIELDS[key])): company for company in rows}


def _row(record: Record, value: str, key: str, first_lines: Mapping[str, int], found: dict[str, Company]) -> Examined:
    row = Examined(record)
    company = found.get(value)
    if record.fault or not value:
        return _faulty(row, key, record.fault or f"The {NAMES[key]} is blank.")
    if first_lines[value] != record.line:
        said = f"The {NAMES[key]} {value} stands on line {first_lines[value]} already."
        return _faulty(row, key, said, Fate.DUPLICATE)
    if company is None:
        return _faulty(row, key, f"No company has the {NAMES[key]} {value}.")
    if company.erased_at:
        return _faulty(row, key, f"{company.ref} was erased.")
    row.company_id = company.pk
    return row


def _faulty(row: Examined, key: str, said: str, fate: Fate = Fate.ERROR) -> Examined:
    row.fate = fate
    row.findings = [Finding(row.record.line, key, said)]
    return row
