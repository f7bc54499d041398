"""Which messages a worker handles now: one row for a batch of them, and nothing written to the messages.

A mark on each, as other work has it, would touch every one of its indexes, twice for each message in the end. That
was a third of the cost of handling them.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from ...allowance import CLOCKS_SLIP_BY
from ...models import Claim, Delivery, Lease
from .inbox import News

LEASE = timedelta(seconds=30)  # a killed worker's batch is due again by then
FRESH = 100  # of a long queue, as many of the newest beside the oldest: today's news does not wait for a replay's end
TURN = "claims"


def take(limit: int, now: datetime) -> tuple[Claim | None, list[News]]:
    """What is due and nobody else's, the oldest first; no claim if nothing is.

    What dies with its worker is due again when the lease ends, and is counted as tried.
    """
    with transaction.atomic():
        _wait_for_our_turn()
        due = Delivery.objects.filter(done_at=None, parked_at=None, not_before__lte=now)
        if held := _held_by_others(now):
            due = due.exclude(pk__among=held)
        batch = _read(due.order_by("not_before")[:limit])
        if len(batch) == limit:
            taken = {message.webhook_id for message in batch}
            batch += [each for each in _read(due.order_by("-not_before")[:FRESH]) if each.webhook_id not in taken]
        if not batch:
            return None, []
        ids = [message.webhook_id for message in batch]
        return Claim.objects.create(until=now + LEASE, webhook_ids=ids), batch


def give_back(claim: Claim) -> None:
    """Its messages are done, or due at times of their own."""
    Claim.objects.filter(pk=claim.pk).delete()


def _wait_for_our_turn() -> None:
    """Until the transaction ends nobody else claims, so nobody misses a claim that is being made."""
    turn = Lease.objects.select_for_update().filter(name=TURN)
    if not turn.values_list("pk"):
        Lease.objects.bulk_create([Lease(name=TURN)], ignore_conflicts=True)
        list(turn)


def _held_by_others(now: datetime) -> list[str]:
    """Claims that are over end here: what they held counts as tried once more, and is due."""
    held: list[str] = []
    for claim in Claim.objects.all():
        if now < claim.until <= now + LEASE + CLOCKS_SLIP_BY:  # later ones are of a clock that was ahead
            held += claim.webhook_ids
        else:
            lost = Delivery.objects.filter(pk__among=claim.webhook_ids, done_at=None, parked_at=None)
            lost.filter(not_before__lte=now).update(attempts=F("attempts") + 1)
            claim.delete()
    return held


def _read(messages: QuerySet[Delivery]) -> list[News]:
    return [News(*values) for values in messages.values_list(*News._fields)]
