"""Who may do what only one may do at a time. A dead holder's lease runs out by itself."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from ..allowance import CLOCKS_SLIP_BY
from ..models import Lease


def take(name: str, length: timedelta, now: datetime | None = None) -> UUID | None:
    """The holder's token, or None if somebody else holds it."""
    moment, me = now or timezone.now(), uuid4()
    Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
    slipped = Q(held_until__gt=moment + length + CLOCKS_SLIP_BY)  # taken by a clock that was ahead
    is_free = Q(held_until=None) | Q(held_until__lt=moment) | slipped
    taken = Lease.objects.filter(is_free, name=name).update(held_by=me, held_until=moment + length)
    return me if taken else None


def keep(name: str, me: UUID, length: timedelta, now: datetime | None = None) -> bool:
    """Hold it longer; False if it ran out and somebody else has it."""
    moment = now or timezone.now()
    return bool(Lease.objects.filter(name=name, held_by=me).update(held_until=moment + length))


def give_back(name: str, me: UUID) -> None:
    Lease.objects.filter(name=name, held_by=me).update(held_by=None, held_until=None)
