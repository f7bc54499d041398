"""Everything that the page of one company stands on, fetched once: a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404
from django.utils import timezone

from ..lifecycle import Status
from ..models import (
    Company,
    Connection,
    Consent,
    DeletionRequest,
    Invitation,
    Kind,
    Mail,
    Membership,
    Note,
    SoftwareRequest,
    User,
)
from ..platforms import TABLES
from ..states import State, current_of, told_by
from ..usecases import deletion, reads

NOTES_SHOWN = 20
REMINDING = ("invitation", "unfinished", "expired", "quiet")  # mails that ask the customer to do something


@dataclass(slots=True)
class Desk:
    """A company as staff have it before them. `viewer` is whose rights count."""

    company: Company
    connections: list[Connection]
    partner: Connection | None
    people: list[Membership]
    invitations: list[Invitation]
    mails: list[Mail]
    notes: list[Note]
    requests: list[SoftwareRequest]
    deletion: DeletionRequest | None
    consent: Consent | None
    viewer: User
    now: datetime

    @property
    def current(self) -> Connection | None:
        return current_of(self.connections)

    @property
    def linked(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.is_linked]

    @property
    def state(self) -> State:
        return State(self.company.state)

    @property
    def platform(self) -> str:
        """The full name of the software that counts, or a word in its place."""
        current = self.current
        return current.software_name if current else "the software"

    @property
    def owner(self) -> str:
        """Whom staff speak to: the contact, else a member, else the address."""
        member = next((membership.user.name for membership in self.people if membership.user.name), "")
        return self.company.contact or member or self.company.email

    @property
    def first_name(self) -> str:
        return self.owner if "@" in self.owner else self.owner.split()[0]

    @property
    def is_partner_missing(self) -> bool:
        wants = TABLES[self.company.product].needs_partner
        return wants and bool(self.linked) and (self.partner is None or self.partner.status == Status.STARTING)

    @property
    def is_reading(self) -> bool:
        current = self.current
        return current is not None and (current.first_read_at is None or reads.is_reading(current))

    @property
    def open_invitations(self) -> list[Invitation]:
        return [
            invitation
            for invitation in self.invitations
            if invitation.accepted_at is None and invitation.revoked_at is None and invitation.expires_at > self.now
        ]

    @property
    def open_requests(self) -> list[SoftwareRequest]:
        return [request for request in self.requests if request.answered_at is None]

    @property
    def reminders(self) -> list[Mail]:
        """What we wrote since the present state began, newest first."""
        since = self.company.state_since
        asked = [mail for mail in self.mails if mail.kind in REMINDING and mail.sent_at]
        return [mail for mail in asked if since is None or mail.created_at >= since] or (
            asked if self.state == State.INVITED else []
        )

    @property
    def bounced(self) -> Mail | None:
        """The newest bounce of the address that we write to."""
        return next((mail for mail in self.mails if mail.bounced_at and mail.to == self.company.email), None)

    def reads_telling(self, state: State) -> dict[str, dict[str, str]]:
        """The data types whose last read brings this state about, of the connection that counts."""
        current = self.current
        told = current.reads if current else {}
        return {name: read for name, read in told.items() if told_by(read.get("status", "")) is state}

    @property
    def auth_message(self) -> str:
        """Why the software let us in no more, in its own words, if any read was told."""
        refused = self.reads_telling(State.EXPIRED).values()
        return next((read["message"] for read in refused if read.get("message")), "")


def load(pk: int, viewer: User) -> Desk:
    """The desk of one company, erased or not. Raises Http404."""
    company = Company.objects.select_related("invited_by").filter(pk=pk).first()
    if company is None:
        raise Http404
    rows = list(Connection.objects.filter(company=company).select_related("started_by").order_by("pk"))
    for row in rows:
        row.company = company
    partners = [row for row in rows if row.kind == Kind.PARTNER_EXPENSE and row.status != Status.DELETED]
    accounting = [row for row in rows if row.kind == Kind.ACCOUNTING]
    company.accounting = accounting  # type: ignore[attr-defined]
    return Desk(
        company=company,
        connections=accounting,
        partner=partners[-1] if partners else None,
        people=list(company.memberships.select_related("user").order_by("pk")),
        invitations=list(company.invitations.select_related("by", "accepted_by").order_by("-pk")[:50]),
        mails=list(company.mails.order_by("-pk")[:50]),
        notes=list(company.notes.select_related("by").order_by("-pk")[:NOTES_SHOWN]),
        requests=list(company.software_requests.select_related("user").order_by("-pk")[:10]),
        deletion=deletion.open_of(company),
        consent=Consent.objects.filter(company=company).select_related("user").order_by("-at").first(),
        viewer=viewer,
        now=timezone.now(),
    )
