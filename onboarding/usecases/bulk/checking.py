"""What is wrong with an onboarding file, row by row, and what will become of each row. No network."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import IO, Any, Protocol, Self, TypeVar

from ...models import Company
from .. import companies
from . import headings
from .files import Record, Sheet
from .headings import Columns
from .seen import Seen

AT_A_TIME = 500
KEPT_FINDINGS = 1000
SHOWN_LINES = 10
T = TypeVar("T")


class CleanRow(Protocol):
    """What cleaning one row gives: `forms.Cleaned`."""

    fields: dict[str, str]
    tags: dict[str, str]
    problems: list[tuple[str, str]]


Clean = Callable[[Mapping[str, str], Mapping[str, str]], CleanRow]


class Fate(StrEnum):
    READY = "ready"
    ALREADY = "already"  # onboarded before
    DUPLICATE = "duplicate"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about one row. A note is no fault."""

    line: int
    column: str
    sentence: str
    is_note: bool = False


@dataclass(slots=True)
class Examined:
    """A row and what will become of it. `fields` are empty unless it can be onboarded."""

    record: Record
    fate: Fate = Fate.READY
    fields: dict[str, Any] = field(default_factory=dict)
    company_id: int | None = None
    is_at_codat: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def faults(self) -> str:
        """What is wrong, in one line of sentences."""
        return " ".join(finding.sentence for finding in self.findings if not finding.is_note)


@dataclass(slots=True)
class Report:
    """The counts of a whole file, the first thousand faults and the first thousand notes."""

    encoding: str
    delimiter: str
    columns: Columns
    rows: int = 0
    ready: int = 0
    already: int = 0
    duplicates: int = 0
    errors: int = 0
    to_create: int = 0
    to_link: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    duplicate_lines: list[int] = field(default_factory=list)  # the first ten
    error_lines: list[int] = field(default_factory=list)  # the first ten
    is_cut: bool = False

    @property
    def findings(self) -> list[Finding]:
        """In the order of the file. However many notes there are, they push no fault out."""
        return sorted([*self.faults, *self.notes], key=lambda finding: finding.line)

    @property
    def is_clean(self) -> bool:
        return not self.duplicates and not self.errors

    def as_json(self) -> dict[str, Any]:
        """For `read`. The columns follow from the file's header."""
        return {name: value for name, value in asdict(self).items() if name != "columns"}

    @classmethod
    def read(cls, told: Mapping[str, Any], columns: Columns) -> Self:
        """What `as_json` wrote, to go on with."""
        found = {name: [Finding(**finding) for finding in told[name]] for name in ("faults", "notes")}
        return cls(**{**told, **found}, columns=columns)

    def add(self, row: Examined) -> None:
        self.rows += 1
        self.ready += row.fate is Fate.READY
        self.already += row.fate is Fate.ALREADY
        self.duplicates += row.fate is Fate.DUPLICATE
        self.errors += row.fate is Fate.ERROR
        self.to_create += row.fate is Fate.READY and not row.is_at_codat
        self.to_link += bool(row.fields.get("platform"))
        self._note_line(row)
        for finding in row.findings:
            self._keep(finding)

    def _note_line(self, row: Examined) -> None:
        lines = {Fate.DUPLICATE: self.duplicate_lines, Fate.ERROR: self.error_lines}.get(row.fate)
        if lines is not None and len(lines) < SHOWN_LINES:
            lines.append(row.record.line)

    def _keep(self, finding: Finding) -> None:
        kept = self.notes if finding.is_note else self.faults
        if len(kept) < KEPT_FINDINGS:
            kept.append(finding)
        else:
            self.is_cut = True


def check_file(stream: IO[bytes], *, clean: Clean, tell: Callable[[Finding], None] | None = None) -> Report:
    """Look through a whole file; `tell` hears of every finding as it is met. Raises FileRefused."""
    with Sheet(stream) as sheet:
        columns = headings.read(sheet.header)
        report = Report(sheet.encoding, sheet.delimiter, columns)
        for rows in examine(sheet, columns, clean):
            for row in rows:
                report.add(row)
                for finding in row.findings if tell else ():
                    tell(finding)  # type: ignore[misc]
    return report


def examine(sheet: Sheet, columns: Columns, clean: Clean, *, after: int = 0) -> Iterator[list[Examined]]:
    """The rows of a file, 500 at a time, each with its fate: memory does not grow with the file.

    after  the rows up to this line were taken in before: only their customer IDs are noted, and nothing is yielded
           for them but an empty list every 500
    """
    with Seen() as seen:
        for records in in_chunks(sheet, AT_A_TIME):
            first_lines = seen.first_lines(_customer_ids(records, columns))
            rows = [_cleaned(record, columns, clean) for record in records if record.line > after]
            _find_duplicates(rows, first_lines, columns)
            _find_companies(rows)
            yield rows


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _cleaned(record: Record, columns: Columns, clean: Clean) -> Examined:
    row = Examined(record)
    if record.fault:
        return _faulty(row, ("", record.fault))
    if len(record.cells) > columns.width and any(cell.strip() for cell in record.cells[columns.width :]):
        count = f"It has {len(record.cells)} values, and the header names {columns.width} columns."
        return _faulty(row, ("", f"{count} A value that holds the separator needs quotation marks."))
    told = clean(columns.cells(record.cells), columns.tag_cells(record.cells))
    if told.problems:
        return _faulty(row, *told.problems)
    kept = companies.cleaned_name(told.fields["name"])
    if not kept:
        name = told.fields["name"]
        return _faulty(row, ("name", f"Codat keeps no letter or figure of the name “{name}”: give it another."))
    if kept != told.fields["name"]:
        sentence = f"Codat will keep “{kept}” of the name “{told.fields['name']}”."
        row.findings.append(Finding(record.line, "name", sentence, is_note=True))
    row.fields = {name: value for name, value in (told.fields | {"tags": told.tags}).items() if value}
    return row


def _faulty(row: Examined, *problems: tuple[str, str], fate: Fate = Fate.ERROR) -> Examined:
    row.fate, row.fields = fate, {}
    row.findings = [Finding(row.record.line, column, sentence) for column, sentence in problems]
    return row


def _customer_ids(records: Iterable[Record], columns: Columns) -> Iterator[tuple[str, int]]:
    """Each customer ID with its line, as far as there is one."""
    place = columns.places["customer_id"]
    for record in records:
        value = record.cells[place].strip() if place < len(record.cells) and not record.fault else ""
        if value:
            yield value, record.line


def _find_duplicates(rows: list[Examined], first_lines: Mapping[str, int], columns: Columns) -> None:
    for row in rows:
        for value, line in _customer_ids([row.record], columns):
            if first_lines[value] != line:
                said = f"The customer ID {value} stands on line {first_lines[value]} already."
                _faulty(row, ("customer_id", said), fate=Fate.DUPLICATE)


def _find_companies(rows: list[Examined]) -> None:
    """Which rows are of companies that exist: those at Codat are done, the others go on from where they are."""
    by_id = {row.fields["customer_id"]: row for row in rows if row.fields}
    known = Company.objects.filter(customer_id__in=by_id).only(
        "pk", "customer_id", "ref", "email", "codat_id", "gone_at"
    )
    for company in known:
        row = by_id[company.customer_id]
        row.company_id = company.pk
        if company.gone_at:
            said = f"{company.ref} was deleted at Codat on {company.gone_at:%-d %B %Y}: use “Start afresh” on its page."
            _faulty(row, ("customer_id", said))
        elif company.codat_id:
            row.fate, row.is_at_codat = Fate.ALREADY, True
            row.findings = [Finding(row.record.line, "customer_id", already(company, row.fields), is_note=True)]


def already(company: Company, fields: Mapping[str, Any]) -> str:
    """That a company is onboarded already, and whether the file knows another address of it."""
    said = f"Onboarded already, as {company.ref}."
    return said if company.email == fields["email"] else f"{said} Its email there is another one: nothing was changed."
