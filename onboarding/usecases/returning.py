"""Back from Link. The address says what happened, and anybody can write an address: it is a hint, looked up here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from .. import codat, queries
from ..actors import Actor
from ..lifecycle import Status
from ..models import Company, Connection, User
from ..wiring import Errand
from . import door, observing, standing, timeline

CODES = frozenset({200, 201, 403, 500, 501})
LOOK_AGAIN_AFTER = timedelta(seconds=30)  # Codat was asked a moment ago, and its webhook comes first
ASKED_JUST_NOW = timedelta(seconds=5)  # a page loaded twice asks once


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the customer goes now.

    note  "e201" nothing had to be done; "someone" else has connected meanwhile; of a reconnect, which has no
          page of its own for them: "stopped" before the end, or "failed"
    """

    page: Literal["home", "connection", "stopped", "problem"]
    company: Company | None = None
    note: Literal["", "e201", "someone", "stopped", "failed"] = ""


def came_back(user: User, query: Mapping[str, str]) -> Landing:
    """Find the signed-in person's own connection, ask Codat once (2 s at most), record, and say where to go.

    Nothing in the query is believed: ids are looked up among the person's own, the code only chooses words.
    Codat not answering is no failure: the page waits, and the worker looks again.
    """
    connection = _own_connection(user, query)
    if connection is None:
        return _without_connection(user, query)
    code = _code(query)
    by = Actor.staff(user) if user.is_staff else Actor.customer(user)
    is_news = connection.left_at is not None and (connection.returned_at or connection.left_at) <= connection.left_at
    has_answer = _ask(connection, by)
    _note_return(connection, code, query, by, is_news=is_news)
    return _landing(connection, code, user, has_answer=has_answer)


def _ask(connection: Connection, by: Actor) -> bool:
    """Whether Codat's own answer says how it stands: only then may a page say that nothing was shared."""
    try:
        if not _is_settled(connection):
            observing.read(connection, by=by, errand=Errand.RETURN)
    except codat.CodatError:
        door.look_later([connection.pk], timezone.now())
        return False
    else:
        return True
    finally:
        connection.refresh_from_db()


def _own_connection(user: User, query: Mapping[str, str]) -> Connection | None:
    """Of the person's companies; for staff, one that they themselves left with, in the customer's place."""
    codat_id = _uuid(query.get("connectionId", ""))
    is_own = Q(started_by=user) if user.is_staff else Q(company__in=queries.companies_of(user))
    own = Connection.objects.filter(is_own, company__erased_at=None).select_related("company")
    return own.filter(codat_id=codat_id).first() if codat_id else None


def _without_connection(user: User, query: Mapping[str, str]) -> Landing:
    """No connection of theirs is named: the company's own pages say how things stand."""
    codat_id = _uuid(query.get("companyId", ""))
    company = queries.companies_of(user).filter(codat_id=codat_id).first() if codat_id else None
    if company is None:
        return Landing("home")
    current = queries.current(company)
    if current is None:
        return Landing("home", company)
    door.look_later([current.pk], timezone.now())
    return Landing("connection", company, "e201" if _code(query) == 201 and current.is_linked else "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _code(query: Mapping[str, str]) -> int | None:
    text = query.get("statusCode", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 3 and int(text) in CODES else None


def _is_settled(connection: Connection) -> bool:
    """Whether Codat need not be asked: its event came first, or it was asked a moment ago."""
    if connection.is_linked and connection.left_at and connection.seen_at and connection.seen_at >= connection.left_at:
        return True
    since = max(timezone.now() - ASKED_JUST_NOW, connection.left_at or datetime.min.replace(tzinfo=UTC))
    back, seen = connection.returned_at, connection.seen_at
    return bool(back and back > since and connection.seen_by_read and seen and seen > since)


def _note_return(
    connection: Connection, code: int | None, query: Mapping[str, str], by: Actor, *, is_news: bool
) -> None:
    now = timezone.now()
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        connection.returned_at, connection.returned_code = now, code
        if connection.is_pending:
            connection.look_at, connection.looks = now + LOOK_AGAIN_AFTER, 0
        connection.save(update_fields=["returned_at", "returned_code", "look_at", "looks"])
        if code == observing.CANCELLED and not connection.is_linked:
            observing.note_cancelled(connection, at=now, by=by)
        elif is_news:
            timeline.write(
                "returned",
                company=connection.company_id,
                connection=connection,
                by=by,
                at=now,
                facts={"platform": connection.platform_key, "code": code, "text": query.get("statusText", "")[:200]},
            )
        standing.refresh([connection.company_id])
    if code in (500, 501) and connection.is_pending:
        message = query.get("errorMessage", "") or query.get("statusText", "")
        observing.note_failure(connection, message=message[:300], at=now, by=by, code=code)


def _landing(connection: Connection, code: int | None, user: User, *, has_answer: bool) -> Landing:
    company = connection.company
    if connection.is_linked:
        somebody_else = connection.started_by_id not in (None, user.pk)
        return Landing("connection", company, "e201" if code == 201 else "someone" if somebody_else else "")
    if connection.status == Status.DELETED:
        return Landing("home", company)
    if code == observing.CANCELLED and has_answer:
        return Landing("stopped", company) if connection.is_pending else Landing("connection", company, "stopped")
    if code in (500, 501) and has_answer:
        return Landing("problem", company) if connection.is_pending else Landing("connection", company, "failed")
    return Landing("connection", company)
