"""Claiming rows and writing down what became of them, many at a time. The row is the queue.

A claim is a lease: a living process renews it, and a dead one's runs out within seconds.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from ...models import Batch, BatchRow, RowStatus
from ..saving import save_each
from .outcomes import BRIEF_SECONDS, Outcome

LEASE = timedelta(seconds=8)
RENEW_SECONDS = 2.0


def claim(batch: Batch, size: int, *, beside: Iterable[BatchRow] = ()) -> list[BatchRow]:
    """Take what is due, in the order of the file; nobody else takes it while the lease is renewed.

    beside  rows that this process is at work on. Their leases end with the new ones', so that what a killed process
            leaves is due at one moment. Beside them only rows are taken that were never tried: the others come
            together afterwards, and are looked for at Codat together.
    """
    now, mine = timezone.now(), [row.pk for row in beside]
    due = BatchRow.objects.filter(batch=batch, status=RowStatus.WAITING, not_before__lte=now)
    if mine:
        due = due.filter(attempts=0)
    with transaction.atomic():
        chosen = list(due.select_for_update(skip_locked=True).order_by("not_before")[:size])
        rows = [row for row in chosen if bool(row.attempts) == bool(chosen[0].attempts)]
        pks = [row.pk for row in rows]
        BatchRow.objects.filter(pk__in=pks).update(not_before=now + LEASE, attempts=F("attempts") + 1)
        if rows and mine:
            BatchRow.objects.filter(pk__in=mine, status=RowStatus.WAITING).update(not_before=now + LEASE)
    for row in rows:
        row.attempts += 1
    return sorted(rows, key=lambda row: row.line)


def renew(rows: Iterable[BatchRow]) -> None:
    pks = [row.pk for row in rows]
    BatchRow.objects.filter(pk__in=pks, status=RowStatus.WAITING).update(not_before=timezone.now() + LEASE)


def record(batch: Batch, outcomes: list[tuple[BatchRow, Outcome]]) -> None:
    """Write down what became of rows, and of the batch if one of them says so."""
    now = timezone.now()
    for row, outcome in outcomes:
        row.status, row.reason = outcome.status, outcome.reason
        row.company_id = outcome.company_id or row.company_id
        row.data = {**row.data, **outcome.facts} if outcome.facts else row.data
        if outcome.status == RowStatus.WAITING:
            row.not_before = _due_again(batch, row, outcome, now)
            row.attempts -= 0 if outcome.is_counted else min(1, row.attempts)
        else:
            row.done_at = now
    with transaction.atomic():
        save_each([row for row, outcome in outcomes if outcome.facts], ["data"])
        save_each([row for row, _ in outcomes], ["status", "reason", "company", "not_before", "attempts", "done_at"])
        _note_on_batch(batch, [outcome for _, outcome in outcomes], now)


def _due_again(batch: Batch, row: BatchRow, outcome: Outcome, now: datetime) -> datetime:
    """A row that was not really tried keeps its place in the file's order."""
    if not outcome.wait_seconds:
        return batch.created_at + timedelta(microseconds=row.line)
    return now + timedelta(seconds=outcome.wait_seconds)


def _note_on_batch(batch: Batch, outcomes: list[Outcome], now: datetime) -> None:
    halt = next((outcome.halt for outcome in outcomes if outcome.halt), "")
    pause = max((outcome.pause_seconds for outcome in outcomes), default=0.0)
    if halt:
        Batch.objects.filter(pk=batch.pk, stopped_at=None).update(stopped_at=now, error=halt)
    elif pause > BRIEF_SECONDS:
        Batch.objects.filter(pk=batch.pk).update(paused_until=now + timedelta(seconds=pause))


def finish(batch: Batch) -> bool:
    """Whether every row has ended; the batch is finished then."""
    if batch.rows.filter(status=RowStatus.WAITING).exists():
        return False
    Batch.objects.filter(pk=batch.pk, finished_at=None).update(finished_at=timezone.now(), paused_until=None)
    return True


def next_due(batch: Batch) -> datetime | None:
    """When the next waiting row is due, also one that is claimed by somebody; None if none waits."""
    return batch.rows.filter(status=RowStatus.WAITING).aggregate(at=Min("not_before"))["at"]
