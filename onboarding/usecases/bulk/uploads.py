"""Uploaded files: looked through, then, once somebody has started them, stored as rows of a batch.

    upload = bulk.keep(pieces, name="new.csv", by=actor)
    bulk.read_uploads(20.0, clean=clean_row)    # the worker; a small file's page does the same at once
    bulk.report(upload) … bulk.start(upload, by=actor, options={"invite": True})

A stretch of work ends with its time, and the next one goes on behind the last line that is noted. A dead worker's file
is due again within half a minute; its rows since that line are taken in twice, which changes nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ...actors import Actor
from ...errors import NotNow
from ...models import Batch, BatchKind, Upload
from . import batches, headings, parts
from .checking import Clean, Examined, Report, examine
from .files import PIECE, FileRefused, Sheet
from .headings import Columns

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # a killed worker's file is due again by then
NOTE_SECONDS = 2.0  # between two notes of how far it is; each also renews the lease
TRIES = 5  # claims that brought nothing before a file is given up
SMALL = PIECE  # bytes: about 12,000 rows, a second or two of work
AT_ONCE_SECONDS = 5.0
GIVEN_UP = "Something unexpected went wrong with this file: see the log. Nothing of it was sent."


def open_ones() -> "QuerySet[Upload]":
    """Those that wait for nobody: to be looked through, or started and not stopped."""
    return Upload.objects.filter(Q(batch=None) | Q(batch__stopped_at=None), not_before__isnull=False)


def read_uploads(seconds: float, *, clean: Clean, only: Upload | None = None) -> int:
    """Work on the files that are due for about so long, 500 rows at least; returns how many stretches it took.

    Safe to run twice and at once. A file that fails as nobody foresaw costs the others nothing, and is given up after
    a few tries. Raises the errors of a database that is away.
    """
    until, count = monotonic() + seconds, 0
    while (not count or monotonic() < until) and (upload := _claim(only)):
        count += 1
        try:
            _stretch(upload, clean, until - monotonic())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("an uploaded file failed", extra={"upload": str(upload.uid)})
    return count


def read_at_once(upload: Upload, *, clean: Clean) -> None:
    """If it is small: what the worker would do, without the way there. What is left is still the worker's."""
    if upload.size <= SMALL:
        read_uploads(AT_ONCE_SECONDS, clean=clean, only=upload)


def _claim(only: Upload | None) -> Upload | None:
    """Take one that is due, by moving its time ahead."""
    now = timezone.now()
    with transaction.atomic():
        due = open_ones().filter(not_before__lte=now, **({"pk": only.pk} if only else {})).order_by("not_before", "pk")
        upload = due.select_for_update(skip_locked=True, of=("self",)).first()
        if upload is None:
            return None
        Upload.objects.filter(pk=upload.pk).update(not_before=now + LEASE, attempts=F("attempts") + 1)
    return upload


def _stretch(upload: Upload, clean: Clean, seconds: float) -> None:
    """Go on with a claimed file for so long, counted from its first new row."""
    if upload.attempts >= TRIES:
        _give_up(upload)
        return
    try:
        with Sheet(parts.opened(upload)) as sheet:
            columns = headings.read(sheet.header)
            work: _Work = _Storing(upload) if upload.batch_id else _Look(upload, sheet, columns)
            _go_through(_Mark(upload), work, sheet, columns, clean, seconds)
    except FileRefused as refused:
        open_ones().filter(pk=upload.pk).update(problems=list(refused.problems), not_before=None)


def _go_through(mark: "_Mark", work: "_Work", sheet: Sheet, columns: Columns, clean: Clean, seconds: float) -> None:
    until = float("inf")
    for rows in examine(sheet, columns, clean, after=mark.line):
        if rows:
            until = min(until, monotonic() + seconds)
            work.take(rows)
        is_over = monotonic() > until
        if (is_over or mark.is_old) and not mark.move(rows, work.facts(), is_over=is_over):
            return
    work.end()


class _Mark:
    """How far a file is: the line that a next stretch begins behind, and the lease."""

    def __init__(self, upload: Upload) -> None:
        self._pk, self.line = upload.pk, upload.line
        self._noted_at = monotonic()

    @property
    def is_old(self) -> bool:
        return monotonic() - self._noted_at > NOTE_SECONDS

    def move(self, rows: Sequence[Examined], facts: Mapping[str, Any], *, is_over: bool) -> bool:
        """Whether to go on. Not when the time is over, when somebody stopped it, or when another worker is ahead."""
        told: dict[str, Any] = {"not_before": timezone.now() + (timedelta() if is_over else LEASE)}
        if rows:
            told |= {**facts, "line": rows[-1].record.line, "attempts": 0}
        is_mine = open_ones().filter(pk=self._pk, line=self.line).update(**told)
        self.line, self._noted_at = told.get("line", self.line), monotonic()
        return bool(is_mine) and not is_over


class _Work(Protocol):
    """What becomes of a file's rows."""

    def take(self, rows: list[Examined]) -> None: ...

    def facts(self) -> Mapping[str, Any]:
        """Of the upload, to be noted with the line."""

    def end(self) -> None: ...


class _Look:
    """What is wrong with the file, and what would become of it."""

    def __init__(self, upload: Upload, sheet: Sheet, columns: Columns) -> None:
        self._pk, self._sheet = upload.pk, sheet
        begun = Report.read(upload.report, columns) if upload.report else None
        self._report = begun or Report(sheet.encoding, sheet.delimiter, columns)

    def take(self, rows: list[Examined]) -> None:
        for row in rows:
            self._report.add(row)

    def facts(self) -> Mapping[str, Any]:
        return {"report": self._report.as_json(), "rows": self._report.rows}

    def end(self) -> None:
        sheet = self._sheet
        known = {"digest": sheet.digest, "header": list(sheet.header)}
        known |= {"delimiter": sheet.delimiter, "encoding": sheet.encoding}
        # Two that end at once have seen the same rows.
        Upload.objects.filter(pk=self._pk, checked_at=None).update(
            **self.facts(), **known, checked_at=timezone.now(), not_before=None, attempts=0
        )


class _Storing:
    """The rows, into the batch; with the last one the file goes."""

    def __init__(self, upload: Upload) -> None:
        assert upload.batch is not None
        self._upload, self._batch = upload, upload.batch

    def take(self, rows: list[Examined]) -> None:
        batches.store(self._batch, rows)

    def facts(self) -> Mapping[str, Any]:
        return {}

    def end(self) -> None:
        batches.note_stored(self._batch)
        Upload.objects.filter(pk=self._upload.pk).delete()


def _give_up(upload: Upload) -> None:
    """No worker gets on with it: say so where staff see it."""
    log.error("an uploaded file is given up", extra={"upload": str(upload.uid)})
    with transaction.atomic():
        if upload.batch_id:
            told = {"stopped_at": timezone.now(), "error": GIVEN_UP}
            Batch.objects.filter(pk=upload.batch_id, stopped_at=None, stored_at=None).update(**told)
        else:
            Upload.objects.filter(pk=upload.pk).update(problems=[GIVEN_UP])
        Upload.objects.filter(pk=upload.pk).update(not_before=None, attempts=0)


def report(upload: Upload) -> Report:
    """What the look at a file found. Raises NotNow before it has ended."""
    if upload.checked_at is None:
        raise NotNow(sentence="The file is still being read.")
    return Report.read(upload.report, headings.read(upload.header))


def start(upload: Upload, *, by: Actor, options: Mapping[str, Any] | None = None) -> Batch:
    """Have its rows stored, to be worked on from then on; the options are `accept_file`'s. Raises NotNow.

    Only the wish is written here; the worker stores. A second start finds the first one's batch. The same file with the
    same options goes on with the batch that it made before.
    """
    columns = report(upload).columns
    asked = {**batches.OPTIONS, **(options or {})}
    with transaction.atomic():
        locked = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if locked is None:
            raise NotNow(sentence="This upload is no longer here: it was started, or it is older than a day.")
        if locked.batch_id:
            return Batch.objects.get(pk=locked.batch_id)
        batch = batches.begin(locked, BatchKind.ONBOARD, asked, name=upload.name, by=by, ignored=columns.unknown)
        if batch.stored_at:
            locked.delete()
        else:
            Upload.objects.filter(pk=upload.pk).update(batch=batch, line=0, attempts=0, not_before=timezone.now())
    if batch.stored_at or batch.stopped_at:
        batches.resume(batch, by=by, failed=True)
    return batch
