"""Which value stood first on which line, for files of any length: kept on disk, not in memory."""

import sqlite3
from collections.abc import Iterable, Mapping
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Self


class Seen:
    """Remembers the first line of each value, in a database file of its own that nobody else sees."""

    def __init__(self) -> None:
        self._file = NamedTemporaryFile(prefix="bulk-", suffix=".sqlite3")  # noqa: SIM115  closed with us
        self._db = sqlite3.connect(self._file.name, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE seen (value TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()
        self._file.close()

    def first_lines(self, values: Iterable[tuple[str, int]]) -> Mapping[str, int]:
        """Take in values with their lines, and return the line on which each of them stood first."""
        rows = list(values)
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        self._db.execute("COMMIT")
        marks = ", ".join("?" * len(rows))
        found = self._db.execute(f"SELECT value, line FROM seen WHERE value IN ({marks})", [v for v, _ in rows])  # noqa: S608  marks only
        return dict(found.fetchall())
