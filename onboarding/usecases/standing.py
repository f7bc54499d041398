"""Where each company stands, in the words that people read, kept on its row so that lists and searches are quick.

Whatever changes a company calls `refresh` in its own transaction; the clock calls `refresh_needs` for what
only time changes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils import timezone

from .. import queries
from ..lifecycle import Status
from ..models import Company, Connection, Invitation, Kind, Mail, SoftwareRequest
from ..platforms import TABLES
from ..states import AUTH_ERROR, PERMISSION_ERROR, State, current_of, state_of, told_by
from .saving import save_each, update_each

DERIVED = [
    "state",
    "state_since",
    "turn",
    "needs",
    "needs_since",
    "platform_key",
    "organisation",
    "last_read_at",
    "search_text",
]
QUIET_DAYS = 45  # Linked, and silent for so long: access may end soon
PARTNER_MADE_WITHIN = timedelta(hours=2)  # of Linked: by then a first try and the one an hour later have failed
TIMED_STATES = (
    State.EXPIRED,
    State.READING,
    State.WAITING_PC,
    State.CHECKING,
    State.PENDING,
    State.INVITED,
    State.PARTIAL,
    State.LINKED,
)


def refresh(company_ids: Iterable[int], now: datetime | None = None) -> None:
    """Derive the columns of these companies anew: the same few queries for one as for a page of them."""
    moment = now or timezone.now()
    companies = list(_with_facts(Company.objects.filter(pk__in=set(company_ids))))
    changed = [company for company in companies if _derive(company, moment)]
    save_each(changed, DERIVED)


def note_read(times: Mapping[int, datetime | None]) -> None:
    """The last read of companies about which nothing else has changed, by primary key."""
    update_each(Company, {pk: (at,) for pk, at in times.items() if at}, ["last_read_at"])


def _with_facts(companies):  # type: ignore[no-untyped-def]
    """What the words follow from, besides the connections."""
    invitations = Invitation.objects.filter(company=OuterRef("pk"), revoked_at=None)
    reminders = Q(mails__kind="expired", mails__sent_at__isnull=False, mails__created_at__gte=F("state_since"))
    partners = Connection.objects.filter(company=OuterRef("pk"), kind=Kind.PARTNER_EXPENSE)
    return queries.with_connections(companies).annotate(
        expired_mails=Count("mails", filter=reminders, distinct=True),
        has_bounce=Exists(Mail.objects.filter(company=OuterRef("pk"), bounced_at__isnull=False, to=OuterRef("email"))),
        has_invitation=Exists(invitations.filter(sent_at__isnull=False)),
        invitation_sent_at=Max("invitations__sent_at"),
        has_partner=Exists(partners.exclude(status__in=(Status.STARTING, Status.DELETED))),
        has_software_request=Exists(SoftwareRequest.objects.filter(company=OuterRef("pk"), answered_at=None)),
    )


def _derive(company, now: datetime) -> bool:  # type: ignore[no-untyped-def]
    """Set the derived columns; whether any of them moved."""
    before = [getattr(company, name) for name in DERIVED]
    current = current_of(company.accounting)
    state = state_of(
        current,
        accepted=company.accepted_at is not None,
        invited=company.has_invitation or company.invited_at is not None,
        now=now,
    )
    if state != company.state or company.state_since is None:
        company.state, company.state_since = state.value, _since(current, company, state, now)
    needs = needs_of(company, current, state, now)
    if needs != company.needs:
        company.needs, company.needs_since = needs, now if needs else None
    company.turn = turn_of(needs, state)
    company.platform_key = current.platform_key if current else ""
    company.organisation = current.organisation if current else ""
    company.last_read_at = current.last_read_at if current else None
    company.search_text = search_text(company)
    return before != [getattr(company, name) for name in DERIVED]


def _since(current: Connection | None, company: Company, state: State, now: datetime) -> datetime:
    """When the state began, as well as we know."""
    if current is None:
        return company.gone_at or company.accepted_at or company.invited_at or now
    reads = current.reads.values()
    told = [read["at"] for read in reads if told_by(read.get("status", "")) is state and "at" in read]
    by_read = datetime.fromisoformat(min(told)) if told and current.status == Status.LINKED else None
    back = current.returned_at if state == State.CHECKING else None
    return max((at for at in (current.status_at, current.left_at, current.failed_at, back, by_read) if at), default=now)


def needs_of(company, current: Connection | None, state: State, now: datetime) -> str:  # type: ignore[no-untyped-def]
    """Why somebody of ours should look today; "" if nobody needs to."""
    age = now - (company.state_since or now)
    if company.has_software_request:
        return "software"
    if company.has_bounce and state in (State.INVITED, State.EXPIRED):
        return "bounced"
    if state == State.PERMISSION:
        return "permission"
    if current is not None and current.failures >= 3 and current.is_pending:
        return "errors"
    if state == State.EXPIRED and age > timedelta(days=2) and company.expired_mails >= 2:
        return "expired"
    if state == State.WAITING_PC and age > timedelta(days=1):
        return "computer_off"
    if state == State.READING and age > timedelta(days=1):
        return "reading_long"
    if state in (State.PENDING, State.FAILED, State.CHECKING) and age > timedelta(days=5):
        return "unfinished"
    if state == State.INVITED and company.invitation_sent_at and now - company.invitation_sent_at > timedelta(days=3):
        return "unopened"
    if current is not None and _lacks_partner(company, current, now):
        return "no_partner"
    if current is not None and quiet_days(current, now):
        return "quiet"
    if len([connection for connection in company.accounting if connection.is_linked]) > 1:
        return "two_linked"
    return ""


def _lacks_partner(company, current: Connection, now: datetime) -> bool:  # type: ignore[no-untyped-def]
    """Linked, and no partner expense connection was made, whatever the reason."""
    if current.status != Status.LINKED or company.has_partner or not TABLES[company.product].needs_partner:
        return False
    return now - (current.status_at or now) > PARTNER_MADE_WITHIN


def turn_of(needs: str, state: State) -> int:
    """The order in which staff take companies up: 0 needs one of us, 1 waits for somebody, 2 is settled."""
    if needs:
        return 0
    return 2 if state in (State.LINKED, State.UNLINKED) else 1


def quiet_days(connection: Connection, now: datetime) -> int:
    """For how many days a Linked connection has not been read, once that is long enough to tell; else 0."""
    if connection.status != Status.LINKED or connection.first_read_at is None:
        return 0
    newest = connection.last_read_at or connection.linked_at
    days = (now - newest).days if newest else 0
    return days if days >= QUIET_DAYS else 0


def is_broken(connection: Connection) -> bool:
    """Linked as Codat says, and yet a read was refused for want of access: reconnecting is the remedy."""
    return any(read.get("status") in (AUTH_ERROR, PERMISSION_ERROR) for read in connection.reads.values())


def wants_reconnecting(connection: Connection) -> bool:
    """Whether a Linked connection may be authorised again: it is broken, or so quiet that access may end soon."""
    return is_broken(connection) or quiet_days(connection, timezone.now()) > 0


def search_text(company: Company) -> str:
    """What the search box looks in, besides exact ids."""
    parts = [company.ref, company.name, company.customer_id, company.email, company.contact, company.organisation]
    return " ".join(part for part in parts if part).lower()


def refresh_needs(now: datetime | None = None, batch_size: int = 500) -> int:
    """Derive anew what time alone changes; returns how many companies moved. In batches, by primary key."""
    moment = now or timezone.now()
    last, moved = 0, 0
    while True:
        due = Company.objects.filter(pk__gt=last, state__in=TIMED_STATES, erased_at=None)
        ids = list(due.order_by("pk").values_list("pk", flat=True)[:batch_size])
        if not ids:
            return moved
        companies = list(_with_facts(Company.objects.filter(pk__in=ids)))
        changed = [company for company in companies if _derive(company, moment)]
        save_each(changed, DERIVED)
        moved += len(changed)
        last = ids[-1]


STEPS = ("invited_at", "accepted_at", "picked_at", "at_link_at", "linked_at", "first_read_at")


def note_step(company: Company, step: str, at: datetime | None = None) -> None:
    """The first time that a company reaches one of the six steps of onboarding; later times change nothing."""
    assert step in STEPS
    Company.objects.filter(pk=company.pk, **{step: None}).update(**{step: at or timezone.now()})


def note_steps(moved: Iterable[Connection]) -> None:
    """The step that a change of status reaches: Linked, of an accounting connection."""
    linked = {
        connection.company_id: connection.linked_at
        for connection in moved
        if connection.linked_at and connection.status == Status.LINKED and connection.kind == Kind.ACCOUNTING
    }
    note_first("linked_at", linked)


def note_first(step: str, times: Mapping[int, datetime]) -> None:
    """As `note_step`, for many companies by primary key: two queries."""
    assert step in STEPS
    first = list(Company.objects.filter(pk__in=times, **{step: None})) if times else []
    for company in first:
        setattr(company, step, times[company.pk])
    save_each(first, [step])
