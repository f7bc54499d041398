"""Batches: rows stored before any of them is worked on; their progress, stop and resume."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Protocol

from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from ... import quota
from ...actors import Actor
from ...errors import NotNow
from ...models import Batch, BatchKind, BatchRow, Company, Lease, RowStatus, Upload
from .. import timeline
from ..adopting import Match
from ..saving import insert_new
from . import headings, targets
from .checking import AT_A_TIME, Clean, Examined, Fate, Finding, examine, in_chunks
from .files import Sheet
from .kinds import actor_of

# What an onboarding run may be told to do besides; see `accept_file`.
OPTIONS: Mapping[str, Any] = {"link": False, "invite": False, "per_day": None, "weekdays": False}


def accept_file(
    stream: IO[bytes],
    *,
    clean: Clean,
    by: Actor,
    name: str = "",
    options: Mapping[str, Any] | None = None,
    tell: Callable[[Finding], None] | None = None,
) -> Batch:
    """Store the rows of an onboarding file, to be worked on from then on. Raises FileRefused.

    options  link: also create the connection of rows with a platform; invite: also send invitations, `per_day` of
             them at most, on `weekdays` only
    The same file with the same options goes on with the batch that it made before: `reopened` rows are the failed
    ones. If the process dies while storing, the same file again stores the rest.
    """
    asked = {**OPTIONS, **(options or {})}
    with Sheet(stream) as sheet:
        columns = headings.read(sheet.header)
        batch = begin(sheet, BatchKind.ONBOARD, asked, name=name, by=by, ignored=columns.unknown)
        _store_all(batch, examine(sheet, columns, clean), by=by, tell=tell)
    return batch


def accept_list(
    stream: IO[bytes],
    kind: BatchKind,
    *,
    by: Actor,
    name: str = "",
    options: Mapping[str, Any] | None = None,
    tell: Callable[[Finding], None] | None = None,
) -> Batch:
    """As `accept_file`, for a file that names companies we have, in a column customer_id, reference or codat_id."""
    with Sheet(stream) as sheet:
        rows = targets.examine(sheet)
        targets.key_of(sheet.header)
        batch = begin(sheet, kind, options or {}, name=name, by=by)
        _store_all(batch, rows, by=by, tell=tell)
    return batch


def check_list(stream: IO[bytes], *, tell: Callable[[Finding], None] | None = None) -> Iterator[list[Examined]]:
    """Look through a file for `accept_list`, page by page. Raises FileRefused."""
    with Sheet(stream) as sheet:
        for rows in targets.examine(sheet):
            for finding in (finding for row in rows for finding in row.findings) if tell else ():
                tell(finding)  # type: ignore[misc]
            yield rows


def _store_all(
    batch: Batch, examined: Iterator[list[Examined]], *, by: Actor, tell: Callable[[Finding], None] | None
) -> None:
    """Store the rows; or, if that was done before, go on with them."""
    if batch.stored_at:
        resume(batch, by=by, failed=True)
        return
    for rows in examined:
        store(batch, rows)
        for finding in (finding for row in rows for finding in row.findings) if tell else ():
            tell(finding)  # type: ignore[misc]
    note_stored(batch)


class Known(Protocol):
    """What a batch keeps of its file: a `Sheet` that is open, or an `Upload` that was looked through."""

    @property
    def digest(self) -> str: ...
    @property
    def header(self) -> Sequence[str]: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def encoding(self) -> str: ...


def begin(
    sheet: Known, kind: BatchKind, options: Mapping[str, Any], *, name: str, by: Actor, ignored: Sequence[str] = ()
) -> Batch:
    """The batch that this file made before, or a new one. Of two processes at once both get the same."""
    facts = {"delimiter": sheet.delimiter, "encoding": sheet.encoding, "source": by.source.value, "ignored": [*ignored]}
    with transaction.atomic():
        Lease.objects.get_or_create(name="bulk.accept")
        Lease.objects.select_for_update().get(name="bulk.accept")
        for batch in Batch.objects.filter(digest=sheet.digest, kind=kind).order_by("-pk"):
            if all(batch.options.get(key) == value for key, value in options.items()):
                return batch
        return Batch.objects.create(
            kind=kind,
            name=name[:200],
            digest=sheet.digest,
            header=list(sheet.header),
            options={**options, **facts},
            reason=by.reason,
            by=by.user,
        )


def store(batch: Batch, rows: list[Examined]) -> None:
    """Safe to repeat and to race: a line that is in stays as it is."""
    more = bool(batch.options.get("link") or batch.options.get("invite"))
    insert_new([_row(batch, row, more) for row in rows])


def _row(batch: Batch, row: Examined, more: bool) -> BatchRow:
    """A row's turn follows from its line, so that rows are claimed in the order of the file by an index alone."""
    made = BatchRow(batch=batch, line=row.record.line, not_before=turn(batch, row.record.line))
    made.data = {"cells": row.record.cells} | ({"fields": row.fields} if row.fields else {})
    made.company_id = row.company_id
    if row.fate in (Fate.ERROR, Fate.DUPLICATE):
        made.status, made.reason, made.done_at = RowStatus.FAILED, row.faults, timezone.now()
    elif row.fate is Fate.ALREADY and not more:
        made.status, made.reason, made.done_at = RowStatus.SKIPPED, row.findings[0].sentence, timezone.now()
    return made


def turn(batch: Batch, line: int) -> datetime:
    return batch.created_at + timedelta(microseconds=line)


def note_stored(batch: Batch) -> None:
    """Every row is in: from now on they may be worked on. Written once, whoever comes first."""
    now = timezone.now()
    with transaction.atomic():
        if Batch.objects.filter(pk=batch.pk, stored_at=None).update(stored_at=now):
            counts = progress(batch)
            timeline.write("bulk.stored", company=None, by=actor_of(batch), facts=_facts(batch, counts))
    batch.refresh_from_db()


def _facts(batch: Batch, counts: "Progress") -> dict[str, Any]:
    return {"batch": str(batch.uid), "kind": batch.kind, "name": batch.name, "rows": counts.total}


def accept_companies(
    kind: BatchKind,
    companies: QuerySet[Company],
    *,
    by: Actor,
    options: Mapping[str, Any] | None = None,
    name: str = "",
) -> Batch:
    """Store one row for each company, to be worked on from then on. The reason is the actor's.

    Companies are taken in the order of their references' making, 500 at a time, and never as objects.
    """
    batch = Batch.objects.create(
        kind=kind,
        name=name[:200],
        options={**(options or {}), "source": by.source.value},
        reason=by.reason,
        by=by.user,
    )
    pks = companies.filter(erased_at=None).order_by("pk").values_list("pk", flat=True)
    for number, chunk in enumerate(in_chunks(pks.iterator(AT_A_TIME), AT_A_TIME)):
        first = number * AT_A_TIME + 1
        rows = [
            BatchRow(batch=batch, line=line, company_id=pk, not_before=turn(batch, line))
            for line, pk in enumerate(chunk, start=first)
        ]
        insert_new(rows)
    note_stored(batch)
    return batch


def accept_matches(matches: Iterable[Match], *, by: Actor, tag: str) -> Batch:
    """Store what `adopting` matched, one row each, to be adopted from then on."""
    batch = Batch.objects.create(
        kind=BatchKind.ADOPT, name=f"by {tag}"[:200], options={"source": by.source.value}, reason=by.reason, by=by.user
    )
    for chunk in in_chunks(enumerate(matches, start=1), AT_A_TIME):
        rows = [
            BatchRow(
                batch=batch,
                line=line,
                company_id=match.company_id,
                data={"codat_id": str(match.codat_id), "by": match.by},
                not_before=turn(batch, line),
            )
            for line, match in chunk
        ]
        insert_new(rows)
    note_stored(batch)
    return batch


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    paused_until  nothing is asked of Codat before
    next_pause    when what Codat allows today will have been used up, as far as that is known
    error         why all of it stopped
    expected      how many rows its file has, while they are stored from what staff uploaded; else 0
    """

    total: int
    waiting: int
    done: int
    skipped: int
    failed: int
    state: str  # storing, running, paused, stopped, finished
    paused_until: datetime | None
    next_pause: datetime | None
    error: str
    expected: int = 0

    @property
    def ended(self) -> int:
        return self.total - self.waiting


def progress(batch: Batch, now: datetime | None = None) -> Progress:
    """Three queries, whatever the size; one more while its rows are stored."""
    batch = Batch.objects.get(pk=batch.pk)
    counts = dict(batch.rows.values_list("status").annotate(Count("pk")).order_by())
    paused = batch.paused_until if batch.paused_until and batch.paused_until > (now or timezone.now()) else None
    return Progress(
        total=sum(counts.values()),
        waiting=counts.get(RowStatus.WAITING, 0),
        done=counts.get(RowStatus.DONE, 0),
        skipped=counts.get(RowStatus.SKIPPED, 0),
        failed=counts.get(RowStatus.FAILED, 0),
        state=_state(batch, paused),
        paused_until=paused,
        next_pause=None if paused or batch.finished_at else _next_pause(counts.get(RowStatus.WAITING, 0)),
        error=batch.error,
        expected=0 if batch.stored_at else batch.uploads.aggregate(rows=Max("rows"))["rows"] or 0,
    )


def _next_pause(waiting: int) -> datetime | None:
    """The day's end, if what is left of the day does not suffice for what waits."""
    allowance = quota.read()
    if allowance.remaining is None or allowance.remaining - allowance.reserve >= waiting:
        return None
    return allowance.reset_at


def state(batch: Batch, now: datetime | None = None) -> str:
    """One word for where a batch is: storing, running, paused, stopped, finished. One query."""
    batch = Batch.objects.get(pk=batch.pk)
    is_paused = batch.paused_until is not None and batch.paused_until > (now or timezone.now())
    return _state(batch, batch.paused_until if is_paused else None)


def words_of(batch: Batch) -> tuple[str, str]:
    """What its rows are called that ended well, and those that had before."""
    return ("created", "already there") if batch.kind == BatchKind.ONBOARD else ("done", "skipped")


def _state(batch: Batch, paused: datetime | None) -> str:
    if batch.finished_at:
        return "finished"
    if batch.stopped_at:
        return "stopped"
    if batch.stored_at is None:
        return "storing"
    return "paused" if paused else "running"


def stop(batch: Batch, *, by: Actor) -> None:
    """Begin no further row; those under way end within seconds. Nothing is lost: `resume` goes on."""
    with transaction.atomic():
        if Batch.objects.filter(pk=batch.pk, stopped_at=None, finished_at=None).update(stopped_at=timezone.now()):
            timeline.write("bulk.stopped", company=None, by=by, facts=_facts(batch, progress(batch)))
    batch.refresh_from_db()


def resume(batch: Batch, *, by: Actor, failed: bool = False) -> int:
    """Go on with a stopped or paused batch; with `failed` also try again what failed, but for faulty data.

    Returns how many failed rows wait again. Raises NotNow for a batch whose file was never stored to its end, unless
    the file is kept here: then storing goes on.
    """
    is_kept = Upload.objects.filter(batch=batch).exists()
    if batch.stored_at is None and not is_kept:
        raise NotNow(sentence="Its file was not read to the end: give the same file again.")
    with transaction.atomic():
        again = _retry_failed(batch) if failed else 0
        changes: dict[str, Any] = {"stopped_at": None, "paused_until": None, "error": ""}
        was_stopped = Batch.objects.filter(pk=batch.pk, stopped_at__isnull=False).exists()
        Batch.objects.filter(pk=batch.pk).update(**changes, **({"finished_at": None} if again else {}))
        Upload.objects.filter(batch=batch).update(not_before=timezone.now(), attempts=0)
        if again or was_stopped:
            timeline.write("bulk.resumed", company=None, by=by, facts=_facts(batch, progress(batch)))
    batch.refresh_from_db()
    return again


def _retry_failed(batch: Batch) -> int:
    rows = batch.rows.filter(status=RowStatus.FAILED)
    if batch.kind == BatchKind.ONBOARD:
        rows = rows.filter(data__has_key="fields")  # the others hold faulty data: only another file mends them
    else:
        rows = rows.filter(company__isnull=False)
    return rows.update(status=RowStatus.WAITING, reason="", done_at=None, attempts=0)
