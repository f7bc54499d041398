"""Webhook messages while they are handled: what was kept of each, and what a batch of them comes to."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from ...lifecycle import AHEAD_AT_MOST, Observation
from ...models import Company, Connection, Delivery, Event
from ..reads import Outcome


class News(NamedTuple):
    """One kept message; `attempts` and `error` are from before it was claimed now."""

    webhook_id: str
    event_type: str
    generated_at: datetime | None
    received_at: datetime
    company_codat_id: UUID | None
    connection_codat_id: UUID | None
    payload: dict[str, Any]
    attempts: int
    error: str

    @property
    def is_suspect(self) -> bool:
        """It failed before, or was claimed again and again by workers that did not live: handled alone."""
        return bool(self.error) or self.attempts >= 3

    @property
    def at(self) -> datetime | None:
        """When it was true, in Codat's time."""
        if self.generated_at is None:
            return None
        return min(self.generated_at, self.received_at + AHEAD_AT_MOST)

    @property
    def happened_at(self) -> datetime:
        return self.at or self.received_at

    def is_older_than(self, other: "News") -> bool:
        return self.happened_at < other.happened_at


class Wait(NamedTuple):
    """Why a message is not done yet. `counts`: as a failed try, of which there are only so many."""

    why: str
    seconds: float | None = None
    counts: bool = True


class KnownConnection(NamedTuple):
    pk: int
    company_id: int
    status: str
    seen_at: datetime | None


class KnownCompany(NamedTuple):
    pk: int
    held_until: datetime | None
    gone_at: datetime | None

    @property
    def is_held(self) -> bool:
        """Somebody acts for it at Codat right now: its rows are about to know what the message tells of."""
        return self.held_until is not None and self.held_until > timezone.now()


@dataclass
class Batch:
    """What we know of a batch's companies and connections, and what its messages come to.

    Every message ends in one of `words` (done, and how), `later` or `parked`, by webhook id.
    """

    connections: dict[UUID, KnownConnection]
    companies: dict[UUID, KnownCompany]
    words: dict[str, str] = field(default_factory=dict)
    later: dict[str, Wait] = field(default_factory=dict)
    parked: dict[str, str] = field(default_factory=dict)

    statuses: dict[int, list[tuple[Observation, News]]] = field(default_factory=lambda: defaultdict(list))
    failures: list[tuple[int, News]] = field(default_factory=list)
    outcomes: dict[int, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[int, datetime] = field(default_factory=dict)
    ended_by: dict[int, str] = field(default_factory=dict)  # webhook ids
    gone: dict[int, News] = field(default_factory=dict)
    products: dict[int, News] = field(default_factory=dict)
    lines: list[Event] = field(default_factory=list)
    quota: News | None = None
    to_read: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    strangers: list[News] = field(default_factory=list)

    def done(self, news: News, word: str) -> None:
        self.words[news.webhook_id] = word

    def read_first(self, pk: int, news: News) -> None:
        """Codat is to be asked how the connection stands before the message is done."""
        self.words.pop(news.webhook_id, None)
        self.to_read[pk].append(news)

    def known_connection(self, news: News) -> KnownConnection | None:
        return self.connections.get(news.connection_codat_id) if news.connection_codat_id else None

    def known_company(self, news: News) -> KnownCompany | None:
        return self.companies.get(news.company_codat_id) if news.company_codat_id else None


def known_connections(codat_ids: set[UUID]) -> dict[UUID, KnownConnection]:
    known = Connection.objects.filter(codat_id__among=codat_ids)
    facts_of_each = known.values_list("codat_id", *KnownConnection._fields)
    return {codat_id: KnownConnection(*facts) for codat_id, *facts in facts_of_each if codat_id}


def known_companies(codat_ids: set[UUID]) -> dict[UUID, KnownCompany]:
    facts_of_each = Company.objects.filter(codat_id__among=codat_ids).values_list("codat_id", *KnownCompany._fields)
    return {codat_id: KnownCompany(*facts) for codat_id, *facts in facts_of_each if codat_id}


def mark_done(words: dict[str, str]) -> None:
    """One statement for each word, of which there are few."""
    now, ids = timezone.now(), defaultdict(list)
    for webhook_id, word in words.items():
        ids[word].append(webhook_id)
    for word, those in ids.items():
        Delivery.objects.filter(pk__among=those).update(done_at=now, outcome=word[:40], error="")
