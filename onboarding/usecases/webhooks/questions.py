"""What webhook messages alone could not decide: Codat is asked once for each connection or company."""

from collections import defaultdict
from time import monotonic
from uuid import UUID

from django.utils import timezone

from ... import codat
from ...actors import Actor
from ...lifecycle import Source
from ...models import Company, Connection
from ...wiring import Errand
from ...wiring import codat as codat_for
from .. import companies, observing
from .inbox import Batch, News, Wait, mark_done
from .sorting import object_in, text_in, uuid_of

BY = Actor(Source.WEBHOOK)
BUDGET_SECONDS = 15  # the rest is the next batch's: its messages are due at once
AT_ONCE = 0.001
OUT_OF_TIME = Wait("Codat is asked next", AT_ONCE, counts=False)


def ask(batch: Batch) -> None:
    """Settle what waits for an answer. One answer that does not come delays its own messages alone."""
    until = monotonic() + BUDGET_SECONDS
    for pk, news in batch.to_read.items():
        _settle(batch, news, OUT_OF_TIME if monotonic() > until else _read(pk))
    for company_codat_id, connections in _by_company(batch.strangers).items():
        company = batch.companies.get(company_codat_id) if company_codat_id else None
        for connection_codat_id, news in connections.items():
            if monotonic() > until:
                result: Wait | str = OUT_OF_TIME
            elif company is None:
                result = _meet_company(batch, company_codat_id, news)
            elif company.is_held:
                result = Wait("a start for this company is under way")
            else:
                result = _meet_connection(company.pk, connection_codat_id)
            _settle(batch, news, result)


def _by_company(strangers: list[News]) -> dict[UUID | None, dict[UUID | None, list[News]]]:
    sorted_out: dict[UUID | None, dict[UUID | None, list[News]]] = defaultdict(lambda: defaultdict(list))
    for news in strangers:
        sorted_out[news.company_codat_id][news.connection_codat_id].append(news)
    return sorted_out


def _settle(batch: Batch, messages: list[News], result: Wait | str) -> None:
    """A word: done, but for messages that tell more than a status; those are due again, and find their row now."""
    words: dict[str, str] = {}
    for news in messages:
        if isinstance(result, Wait):
            batch.later[news.webhook_id] = result
        elif result == "adopted" and not news.event_type.startswith("connection."):
            batch.later[news.webhook_id] = Wait("its connection is known now", AT_ONCE)
        elif news.webhook_id not in batch.parked:
            words[news.webhook_id] = result
    mark_done(words)
    batch.words |= words


def _read(pk: int) -> Wait | str:
    connection = Connection.objects.select_related("company").get(pk=pk)
    try:
        observing.read(connection, by=BY, errand=Errand.FOLLOW)
    except codat.CodatError as error:
        return _wait_after(error)
    return "asked"


def _wait_after(error: codat.CodatError) -> Wait:
    return Wait(str(error), error.retry_after, counts=not error.transient)


def _meet_connection(company_pk: int, connection_codat_id: UUID | None) -> Wait | str:
    """A connection of a known company that we do not know: as Codat says, not as the message does."""
    company = Company.objects.get(pk=company_pk)
    if company.codat_id is None or connection_codat_id is None:
        return "names no connection"
    asked_at = timezone.now()
    try:
        told = codat_for(Errand.FOLLOW).get_connection(company.codat_id, connection_codat_id)
    except codat.Refused as error:
        return "gone already" if error.is_gone else _wait_after(error)
    except codat.CodatError as error:
        return _wait_after(error)
    if observing.adopt(company, told, at=asked_at, source=Source.WEBHOOK):
        return "adopted"
    company.refresh_from_db(fields=["held_until"])
    is_held = company.held_until is not None and company.held_until > timezone.now()
    return Wait("a start for this company is under way") if is_held else "not for us"


def _meet_company(batch: Batch, codat_id: UUID | None, messages: list[News]) -> Wait | str:
    """A company at Codat that we do not know. Only one with our tag concerns us: a lost create, or a mistake."""
    uid = _tag_of(messages[0])
    if uid is None or codat_id is None:
        return "not ours"
    company = Company.objects.filter(uid=uid).first()
    if company is None:
        return _park(batch, messages, "It carries our tag, but we have no such company.")
    if company.codat_id is not None:
        return "not the company that we use"
    if company.held_until and company.held_until > timezone.now():
        return Wait("the company is being created")
    if company.create_asked_at is None:
        return _park(batch, messages, "It carries our tag, but we never asked for the company.")
    return _keep_company(company, codat_id)


def _keep_company(company: Company, codat_id: UUID) -> Wait | str:
    """The answer to our create was lost: this is the company that it made."""
    try:
        told = codat_for(Errand.FOLLOW).get_company(codat_id)
    except codat.Refused as error:
        return "gone already" if error.is_gone else _wait_after(error)
    except codat.CodatError as error:
        return _wait_after(error)
    if told.tags.get("uid") != str(company.uid):
        return "not ours"
    companies.keep(company, told, by=BY)
    return Wait("its company is known now", AT_ONCE)


def _park(batch: Batch, messages: list[News], why: str) -> str:
    batch.parked |= {news.webhook_id: why for news in messages}
    return "parked"


def _tag_of(news: News) -> UUID | None:
    return uuid_of(text_in(object_in(object_in(news.payload, "referenceCompany"), "tags"), "uid"))
