"""Files of rows as people have them: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252. No rules of ours yet.

The file is kept on disk while it is read, so that its size costs no memory and standard input can be read twice.
"""

import codecs
import csv
import hashlib
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from .cells import unescaped

PIECE = 1 << 20  # bytes
LINES_OF_A_ROW = 20  # a quotation mark that is still open after so many was forgotten
LONGEST_CELL = 20_000  # characters
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a mark", "cp1252": "Windows-1252"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # Excel's own files, new and old
_NAMED_DELIMITER = re.compile(r'"?sep=(.)"?[\r\n]*$', re.IGNORECASE)

csv.field_size_limit(1 << 24)


class FileRefused(Exception):
    """The file as a whole cannot be used. `problems` are sentences, all of them at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Record:
    """One row, and the line of the file that it begins on. `fault` says why it cannot be read, if it cannot."""

    line: int
    cells: list[str]
    fault: str = ""


class Sheet:
    """A file that is open for reading: its header, what it is written in, and its rows as often as wanted.

    digest  sha256 of the bytes: the same file again is known by it
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Reads the stream to its end. Raises FileRefused for a file without any text, and for a workbook."""
        self._copy = TemporaryFile()  # noqa: SIM115  closed with the sheet
        try:
            self.digest, self._codec = _copy(stream, self._copy)
            self.delimiter, self._first_line = self._find_delimiter()
            first = next(self._records(), None)
            if first is None:
                raise FileRefused("The file is empty.")
            if first.fault:
                raise FileRefused(f"The header cannot be read. {first.fault}")
            self.header = tuple(" ".join(cell.split()) for cell in first.cells)
        except BaseException:
            self._copy.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._copy.close()

    @property
    def encoding(self) -> str:
        """Its name as people know it."""
        return _NAMES.get(self._codec, "UTF-16")

    def __iter__(self) -> Iterator[Record]:
        """The rows below the header, from the first."""
        records = self._records()
        next(records)
        yield from records

    def _text(self) -> io.TextIOWrapper:
        self._copy.seek(0)
        return io.TextIOWrapper(self._copy, self._codec, errors="replace", newline="")

    def _find_delimiter(self) -> tuple[str, int]:
        """The delimiter, and the line that the header is looked for from: 2 after a line such as `sep=;`."""
        text = self._text()
        try:
            line = text.readline()
            named = _NAMED_DELIMITER.match(line)
            if named and named[1] in DELIMITERS:
                return named[1], 2
            while line and not line.strip():
                line = text.readline()
        finally:
            text.detach()
        return max(DELIMITERS, key=_outside_quotes(line).count), 1

    def _records(self) -> Iterator[Record]:
        """Every row that is not blank. A row that cannot be read is told of, and costs no other row."""
        text = self._text()
        try:
            lines = _Lines(text)
            if self._first_line == 2:
                lines.take()
            while (line := lines.take()) is not None:
                record = self._record(line, lines)
                if record.fault or any(cell.strip() for cell in record.cells):
                    yield record
        finally:
            text.detach()

    def _record(self, line: str, lines: "_Lines") -> Record:
        at, more = lines.number, [line]
        while sum(part.count('"') for part in more) % 2:
            following = lines.take() if len(more) < LINES_OF_A_ROW else None
            if following is None:
                lines.put_back(more[1:])
                return Record(at, [_readable(line.strip())], "A quotation mark is opened and not closed.")
            more.append(following)
        return _parsed(at, "".join(more), self.delimiter)


class _Lines:
    """The lines of a text, numbered from 1; a few of them can be put back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else self._text.readline()
        self.number += bool(line)
        return line or None

    def put_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def _parsed(at: int, text: str, delimiter: str) -> Record:
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return Record(
            at, [_readable(text.strip())], "A quotation mark stands where none can: write it twice within a value."
        )
    cells = [unescaped(cell) for cell in cells]
    if any(len(cell) > LONGEST_CELL for cell in cells):
        return Record(at, [_readable(cell[:100]) for cell in cells], "A value is far too long.")
    if any("\0" in cell or "�" in cell for cell in cells):
        clean = [_readable(cell) for cell in cells]
        return Record(at, clean, "It holds a character that cannot be read: save the file as UTF-8.")
    return Record(at, cells)


def _readable(text: str) -> str:
    """PostgreSQL keeps no zero character, in text or in JSON."""
    return text.replace("\0", "�")


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _copy(stream: IO[bytes], copy: IO[bytes]) -> tuple[str, str]:
    """Keep the bytes; returns their digest and the codec that reads them."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    head, is_utf8 = b"", True
    while piece := stream.read(PIECE):
        head = head or piece[:4096]
        if head.startswith(_WORKBOOKS):
            raise FileRefused("This is a workbook or an archive, and no text: save it as CSV first.")
        digest.update(piece)
        copy.write(piece)
        is_utf8 = is_utf8 and _is_decoded(decoder, piece)
    is_utf8 = is_utf8 and _is_decoded(decoder, b"", final=True)
    return digest.hexdigest(), _codec(head, is_utf8)


def _is_decoded(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _codec(head: bytes, is_utf8: bool) -> str:
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    zeros = (head[0::2].count(0), head[1::2].count(0))  # plain letters of UTF-16 have every second byte zero
    if max(zeros) > len(head) // 5 and min(zeros) < max(zeros) // 4 + 1:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    return "utf-8" if is_utf8 else "cp1252"
