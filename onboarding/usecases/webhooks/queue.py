"""The rows of webhook messages: kept once, claimed in batches, put back, parked, replayed."""

import hashlib
import logging
import random
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet
from django.utils import timezone

from ... import codat
from ...codat import BadSignature
from ...models import Delivery
from .. import retries
from ..watch import tallies
from . import claims, news
from .inbox import News

log = logging.getLogger(__name__)

PARKED_AFTER = 8  # tries
KILLERS_PARKED_AFTER = 12  # claims that never came back with a word, not even an error
LONGEST_WAIT_SECONDS = 3600
REPLAY_SLICE = 5000  # messages
MAX_ID_LENGTH = Delivery._meta.pk.max_length or 100


def accept(raw_body: bytes, headers: Mapping[str, str]) -> None:
    """Believe a message of Codat's and keep it, once for each `webhook-id`; one INSERT.

    Raises BadSignature or Garbled, both counted by their reason for staff, with nothing kept. When the database
    does not take the row its error goes through: what was not kept must not be acknowledged.
    """
    try:
        webhook_id = _verified_id(raw_body, headers)
        event = codat.read_event(raw_body)
    except (BadSignature, codat.Garbled) as error:
        tallies.count(f"webhook.refused.{error.reason}")
        raise
    now = timezone.now()
    _keep_once(
        {
            "webhook_id": _short(webhook_id),
            "event_type": event.event_type[:100],
            "event_id": event.id[:64],
            "generated_at": event.generated_at,
            "received_at": now,
            "company_codat_id": event.company_id,
            "connection_codat_id": event.connection_id,
            "payload": event.payload,
            "not_before": now,
            "attempts": 0,
            "outcome": "",
            "error": "",
        }
    )


def _short(webhook_id: str) -> str:
    return webhook_id if len(webhook_id) <= MAX_ID_LENGTH else hashlib.sha256(webhook_id.encode()).hexdigest()


def _keep_once(row: dict[str, Any]) -> None:
    """One statement that commits itself, for Codat waits: bulk_create would send BEGIN and COMMIT around it.

    Codat repeats itself: the first one counts. So may we, and a kept connection need not be asked first whether it
    still works, which is a round trip as long as the statement: if it does not, the row goes over a new one.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: each word to its stand-in looks this thread's up anew
    statement, prepare = _insert(tuple(row))
    values = [each(value, database) for each, value in zip(prepare, row.values(), strict=True)]
    is_kept = database.connection is not None and not database.in_atomic_block
    if is_kept:
        database.health_check_done = True  # type: ignore[attr-defined]
    try:
        _send(database, statement, values)
    except (OperationalError, InterfaceError):
        if not is_kept or database.is_usable():
            raise
        database.close()
        _send(database, statement, values)


@cache
def _insert(names: tuple[str, ...]) -> tuple[str, list[Callable[..., Any]]]:
    """The statement for these columns, and what makes each one's value fit for the database."""
    marks = ", ".join(["%s"] * len(names))
    into = f'"{Delivery._meta.db_table}" ({", ".join(names)})'
    # Names of our own model, and marks; every value is a parameter.
    statement = f"INSERT INTO {into} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    fields = {field.column: field for field in Delivery._meta.concrete_fields}
    return statement, [fields[name].get_db_prep_save for name in names]


def _send(database: BaseDatabaseWrapper, statement: str, values: Sequence[Any]) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement, values)


def _verified_id(raw_body: bytes, headers: Mapping[str, str]) -> str:
    """The present secret first. A message that only an old one fits is counted, so that staff see when it can go."""
    present, *old = settings.CODAT_WEBHOOK_SECRETS or [""]
    try:
        return codat.verify(raw_body, headers, [present])
    except BadSignature as error:
        if not old or error.reason not in ("mismatch", "no secret"):
            raise
    webhook_id = codat.verify(raw_body, headers, old)
    tallies.count("webhook.old_secret")
    return webhook_id


def drain(limit: int = 500, now: datetime | None = None) -> int:
    """Handle a batch of what is due; returns how many, 0 if nothing is.

    Safe to run twice, at once, and to be killed: what was claimed comes back when the lease ends, and handling
    it again changes nothing. A message that breaks its batch is found, put back alone and at last parked, with
    the traceback; the others go on without it.
    """
    claim, batch = claims.take(limit, now or timezone.now())
    if claim is None:
        return 0
    suspects = [message for message in batch if message.is_suspect]
    for message in suspects:
        if message.attempts >= KILLERS_PARKED_AFTER:
            _park({message.webhook_id: message.error or "every worker that took it ended without a word"})
        else:
            _handle([message])
    _handle([message for message in batch if not message.is_suspect])
    claims.give_back(claim)
    return len(batch)


def _handle(batch: Sequence[News]) -> None:
    """Take in a batch; if it breaks, its halves, down to the one message that breaks."""
    if not batch:
        return
    try:
        taken = retries.once_more(lambda: news.take_in(batch))
    except (OperationalError, InterfaceError):
        raise  # the database, not a message: all of it is due again when the lease ends
    except Exception as error:
        if len(batch) > 1:
            middle = len(batch) // 2
            _handle(batch[:middle])
            _handle(batch[middle:])
        else:
            log.exception("webhook message failed", extra={"delivery": batch[0].webhook_id})
            _put_back(batch[0], "".join(traceback.format_exception(error))[-4000:], counts=True)
        return
    for message in batch:
        if wait := taken.later.get(message.webhook_id):
            _put_back(message, wait.why, seconds=wait.seconds, counts=wait.counts)
    _park(taken.parked)


def _put_back(message: News, why: str, *, seconds: float | None = None, counts: bool) -> None:
    """Due again later: when Codat said, else after a doubling wait. What is only waiting is never parked."""
    tries = message.attempts + 1
    if counts and tries >= PARKED_AFTER:
        _park({message.webhook_id: why})
        return
    spread = random.uniform(0.8, 1.2)  # noqa: S311  no secret
    wait = seconds if seconds is not None else min(2.0**tries, LONGEST_WAIT_SECONDS) * spread
    Delivery.objects.filter(pk=message.webhook_id).update(
        not_before=timezone.now() + timedelta(seconds=wait), error=why, attempts=tries if counts else message.attempts
    )


def _park(reasons: Mapping[str, str]) -> None:
    for webhook_id, why in reasons.items():
        Delivery.objects.filter(pk=webhook_id).update(
            parked_at=timezone.now(), outcome="parked", error=why, attempts=F("attempts") + 1
        )


def replay(
    *,
    ids: Iterable[str] | None = None,
    among: QuerySet[Delivery] | None = None,
    parked: bool = False,
    since: datetime | None = None,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> int:
    """Have kept messages handled again, all that fit every given condition; returns how many.

    among  any query for messages, which may be sliced: they are not loaded. One statement, as short as the query
    The others go in slices, each a transaction of its own, for a web request's statements have little time. What
    breaks goes through: every message is due again or as it was, and a repeat takes up the rest.
    Harmless for messages that were handled well: news that is older than what is known changes nothing.
    """
    chosen: QuerySet[Delivery] = Delivery.objects.all()
    if ids is not None:
        chosen = chosen.filter(pk__in=list(ids))
    if among is not None:
        chosen = chosen.filter(pk__in=among.values("pk"))
    if parked:
        chosen = chosen.filter(parked_at__isnull=False)
    if since is not None:
        chosen = chosen.filter(received_at__gte=since)
    if is_dry_run:
        return chosen.count()
    anew = {"done_at": None, "parked_at": None, "outcome": "", "error": "", "attempts": 0}
    moment = now or timezone.now()
    slices = [chosen] if among is not None else _slices(chosen)
    return sum(part.update(**anew, not_before=moment) for part in slices)


def _slices(chosen: QuerySet[Delivery]) -> Iterator[QuerySet[Delivery]]:
    """By primary key, which no change moves; each begins after the one before, whatever has become of that."""
    rest = chosen.order_by("pk")
    while end := rest.values_list("pk", flat=True)[REPLAY_SLICE - 1 : REPLAY_SLICE].first():
        yield rest.filter(pk__lte=end)
        rest = rest.filter(pk__gt=end)
    yield rest
