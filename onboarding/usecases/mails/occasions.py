"""One function for each occasion to write to somebody: a row or two in the caller's own transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from ... import queries
from ...actors import Actor
from ...lifecycle import Status
from ...models import Company, Connection, Mail, User
from ...platforms import name_of
from ...states import told_by
from .. import consents, links
from .outbox import enqueue, enqueue_to_all, rows_to_all, save_once


def connected(connection: Connection) -> None:
    """The first read is over: tell the members and whoever approved, with the receipt of what was agreed to.

    What it left out is named as it stands now: a try that comes later makes the sentence no less true.
    """
    company = connection.company
    approver = connection.started_by
    people = set(queries.members_of(company).values_list("email", "name"))
    if approver and approver.is_active and not approver.is_staff:
        people.add((approver.email, approver.name))
    facts = {
        "platform": _platform(connection),
        "org": connection.organisation,
        "at": _iso(connection.linked_at),
        "by": str(approver) if approver else "",
        "left_out": [name for name, read in connection.reads.items() if told_by(read.get("status", ""))],
        **_consent_facts(connection),
    }
    _write(people or _customer(company), "connected", connection, facts, episode=connection.linked_at)


def _consent_facts(connection: Connection) -> Mapping[str, object]:
    consent = consents.of(connection)
    if consent is None:
        return {}
    return {
        "agreed_at": _iso(consent.at),
        "text_version": consent.text_version,
        "data_types": consent.data_types,
    }


def ended(connections: Iterable[Connection], by: Actor | None) -> None:
    """Access to these ended: expired, or disconnected by somebody. As many queries for a hundred as for one."""
    ended = list(connections)
    members = queries.members_by_company(connection.company_id for connection in ended)
    rows: list[Mail] = []
    for connection in ended:
        people = members.get(connection.company_id) or _customer(connection.company)
        kind, facts, episode = _end_of(connection, by)
        rows += rows_to_all(people, kind, connection=connection, facts=facts, once=_once(kind, connection, episode))
    save_once(rows)


def _end_of(connection: Connection, by: Actor | None) -> tuple[str, dict[str, object], datetime | None]:
    """(kind, facts, episode) of the mail about it. `by` ended it here; None, or news without a person: elsewhere."""
    facts: dict[str, object] = {"platform": _platform(connection)}
    if connection.status == Status.DEAUTHORIZED:
        return "expired", facts | {"at": _iso(_ended_at(connection))}, connection.linked_at
    who = str(by.user) if by and by.user else ""
    return "disconnected", facts | {"at": _iso(connection.status_at), "by": who}, connection.status_at


def expired(connection: Connection, *, day: int = 0, now: datetime | None = None) -> None:
    """Our access ended: days 0, 2 and 7 of one ending, each once. The later ones are reminders."""
    facts: dict[str, object] = {"platform": _platform(connection), "at": _iso(_ended_at(connection))}
    if day:
        facts["day"] = day
    people = _members(connection.company)
    _write(people, "expired", connection, facts, episode=connection.linked_at, step=day, now=now)


def _ended_at(connection: Connection) -> datetime | None:
    """When it became Deauthorized; a read that says so while the status is still Linked came later than that."""
    auth_errors = [read["at"] for read in connection.reads.values() if read.get("status") == "AuthError"]
    if connection.is_linked and auth_errors:
        return datetime.fromisoformat(min(auth_errors))
    return connection.status_at


def unfinished(connection: Connection, *, now: datetime | None = None) -> None:
    """Somebody began a day ago and did not finish: whoever began is asked once, else the members."""
    starter = connection.started_by
    facts = {"by": str(connection.company.invited_by or "")}
    is_customer = starter is not None and starter.is_active and not starter.is_staff
    people = [(starter.email, starter.name)] if starter and is_customer else _members(connection.company)
    _write(people, "unfinished", connection, facts, episode=connection.created_at, now=now)


def quiet(connection: Connection, days: int) -> None:
    """The software has not answered for so many days: once for each silence."""
    facts = {"platform": _platform(connection), "days": days}
    silence = connection.last_read_at or connection.linked_at
    _write(_members(connection.company), "quiet", connection, facts, episode=silence)


def pc_link(company: Company, platform_key: str, path: str, *, to: User, by: Actor, language: str) -> None:
    """Send a person their own way back to a page, to be opened on a computer. One every ten minutes at most."""
    window = timezone.now().strftime("%Y%m%d%H%M")[:-1]
    enqueue(
        "pc_link",
        to=to.email,
        company=company,
        by=by,
        language=language,
        facts={"platform": name_of(platform_key), "next": path},
        once=f"pc_link:{company.pk}:{to.pk}:{platform_key}:{window}",
    )


def refuse_reminders(company: Company, email: str) -> None:
    """This address wants no more reminders about the company. Safe to repeat; codes and receipts still go."""
    company.mail_refusals.get_or_create(email=User.objects.normalize_email(email))


def note_pressed(token: str, now: datetime | None = None) -> None:
    """The button of this mail was pressed by somebody who then signed in. A token that is not ours changes nothing."""
    pk = links.read_pressed(token)
    if pk is not None:
        Mail.objects.filter(pk=pk, opened_at=None).update(opened_at=now or timezone.now())


def _write(
    people: Iterable[tuple[str, str]],
    kind: str,
    connection: Connection,
    facts: Mapping[str, object],
    *,
    episode: datetime | None,
    step: int = 0,
    now: datetime | None = None,
) -> None:
    """One row for each person, once for each episode: a repeat writes nothing."""
    once = _once(kind, connection, episode, step)
    enqueue_to_all(people, kind, connection=connection, facts=facts, once=once, now=now)


def _once(kind: str, connection: Connection, episode: datetime | None, step: int = 0) -> str:
    return f"{kind}:{connection.pk}:{_iso(episode)}:{step}"


def _members(company: Company) -> list[tuple[str, str]]:
    return list(queries.members_of(company).values_list("email", "name")) or _customer(company)


def _customer(company: Company) -> list[tuple[str, str]]:
    """Nobody has accepted yet (a connection made elsewhere, by staff or by file): the customer's own address."""
    return [(company.email, company.contact)]


def _platform(connection: Connection) -> str:
    return connection.software_name


def _iso(value: datetime | None) -> str:
    return value.isoformat() if value else ""
