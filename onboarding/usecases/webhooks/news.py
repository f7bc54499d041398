"""A batch of Codat's webhook messages, taken in with set-based statements.

A signed status is an observation at its `generatedDate`, and of several for one connection the newest counts.
Where that cannot decide, Codat is asked once for each connection, after everything else is stored.
"""

from collections.abc import Sequence

from django.db import transaction

from ... import codat, quota
from ...lifecycle import Observation, Status, Verdict
from ...models import Company, Connection, Event
from .. import companies, door, observing, reads
from ..haste import hasty
from ..saving import save_each
from ..watch import tallies
from . import questions, sorting
from .inbox import Batch, News, known_companies, known_connections, mark_done
from .sorting import BY


def take_in(messages: Sequence[News]) -> Batch:
    """Store what the messages say and mark them done; then ask Codat where they could not decide.

    Safe to repeat: a crash anywhere leaves messages that are due again and change nothing the second time.
    Timeline lines of writes are stored with the mark, so they appear once.
    """
    with hasty():  # the messages themselves are safe, and a crash that loses a change loses its mark, too
        batch = _store(messages)
    if batch.to_read or batch.strangers:
        questions.ask(batch)
    return batch


def _store(messages: Sequence[News]) -> Batch:
    named = [sorting.connections_of(message) for message in messages]
    connections = known_connections(set().union(*named))
    owned = [
        message.company_codat_id
        for message, ids in zip(messages, named, strict=True)
        if message.company_codat_id and sorting.needs_company(message, ids, connections)
    ]
    batch = Batch(connections, known_companies(set(owned)))
    for message in messages:
        sorting.sort(batch, message)
    _take_statuses(batch)
    _take_failures(batch)
    if batch.outcomes or batch.ended:
        reads.note_many(batch.outcomes, by=BY, ended=batch.ended, delivery_ids=batch.ended_by)
    for pk, message in batch.gone.items():
        company = Company.objects.get(pk=pk)
        companies.note_gone(company, at=message.happened_at, by=BY, delivery_id=message.webhook_id)
    _take_quota(batch.quota)
    _finish(batch, messages)
    return batch


def _take_statuses(batch: Batch) -> None:
    """The newest of each connection through the one door. Two words of one instant: nobody knows, so ask."""
    told = {pk: newest for pk, heard in batch.statuses.items() if (newest := _newest(batch, pk, heard))}
    verdicts = door.record(told) if told else {}
    for pk, newest in told.items():
        verdict = verdicts.get(pk, Verdict.STALE)
        for observation, news in batch.statuses[pk]:
            if observation.at < newest.at:
                batch.done(news, "superseded")
            elif verdict in (Verdict.ASK, Verdict.UNKNOWN):
                batch.read_first(pk, news)
            else:
                batch.done(news, verdict.value)


def _newest(batch: Batch, pk: int, heard: list[tuple[Observation, News]]) -> Observation | None:
    last = max(observation.at for observation, _ in heard)
    perhaps = (each for each, _ in heard if each.at == last or sorting.have_no_order(each.at, last))
    latest = {each.status: each for each in sorted(perhaps, key=lambda each: each.at)}
    if Status.DELETED in latest:
        return latest[Status.DELETED]
    if len(latest) == 1:
        return next(iter(latest.values()))
    for _, news in heard:
        batch.read_first(pk, news)
    return None


def _take_failures(batch: Batch) -> None:
    rows = Connection.objects.in_bulk([pk for pk, _ in batch.failures]) if batch.failures else {}
    for pk, news in batch.failures:
        fault = sorting.newest_fault(news)
        observing.note_failure(
            rows[pk],
            message=observing.words_of(fault) if fault else "",
            at=news.happened_at,
            by=BY,
            code=int(fault.status_code) if fault and fault.status_code.isdecimal() else None,
            delivery_id=news.webhook_id,
        )


def _take_quota(news: News | None) -> None:
    if news is None:
        return
    told = codat.read_event({"eventType": news.event_type, "payload": news.payload}).quota
    if told:
        quota.note_event(told.daily, told.remaining, told.expires_at, news.happened_at)


def _finish(batch: Batch, messages: Sequence[News]) -> None:
    """What only has to be stored, together with the mark that its messages are done."""
    unknown = [message.event_type for message in messages if batch.words.get(message.webhook_id) == "unknown type"]
    with transaction.atomic():
        mark_done(batch.words)
        _write_lines(batch.lines)
        _store_products(batch.products)
        for kind in sorted(set(unknown)):
            tallies.count(f"webhook.unknown_type.{kind}", unknown.count(kind))


def _write_lines(lines: list[Event]) -> None:
    """Each message's line once, should it be replayed, or its lease end and another worker be quicker.

    The mark before it holds the messages' rows, so the other worker's lines are here or not begun.
    """
    if not lines:
        return
    ids = [line.delivery_id for line in lines]
    told = set(Event.objects.filter(delivery_id__among=ids).values_list("delivery_id", flat=True))
    Event.objects.bulk_create([line for line in lines if line.delivery_id not in told])


def _store_products(products: dict[int, News]) -> None:
    rows = list(Company.objects.filter(pk__in=products)) if products else []
    for company in rows:
        told = products[company.pk].payload.get("products")
        if isinstance(told, list):
            company.codat_products = [name for name in told if isinstance(name, str)]
    save_each(rows, ["codat_products"])
