"""Who may open a company, and how they come in: invitations by us, and links that customers send to a colleague.

An invitation's address is a signature over its `uid`: the database alone opens nothing, and staff can read the
address out again. Looking at it uses nothing up; only accepting does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import queries
from ..actors import Actor
from ..errors import CompanyErased, LinkEnded, LinkUnknown, LinkUsed, NotNow, TooManyTries
from ..lifecycle import Source
from ..models import Company, Invitation, Mail, Membership, Role, SoftwareRequest, User
from ..states import State
from . import companies, links, standing, timeline
from .mails import outbox

LIVES = timedelta(days=14)
SHARES_A_DAY = 5  # of one company, by its own people
REQUESTS_A_DAY = 5  # for other software, of one company: each is a task for staff
AGAIN_A_DAY = 3  # times that one person's mail may be sent again
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who is to be signed in, and whether they have been here before."""

    user: User
    invitation: Invitation


def invite(
    company: Company,
    *,
    by: Actor,
    email: str | None = None,
    name: str = "",
    role: str = Role.MEMBER,
    note: str = "",
    send: bool = True,
    not_before: datetime | None = None,
) -> Invitation:
    """Invite an address, the customer's own unless told; its mail leaves with the worker, from `not_before` on.

    An open invitation of the same address and role is used again, with its end put off. `send=False` only makes
    the address, to be handed over in another way. Raises CompanyErased, or NotNow for an address of staff.
    """
    if company.erased_at:
        raise CompanyErased
    address = User.objects.normalize_email(email or company.email)
    if User.objects.filter(email=address, is_staff=True).exists():
        raise NotNow(sentence=_("%(email)s is an address of staff: it cannot be a customer's.") % {"email": address})
    begins_at = not_before or timezone.now()
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=company.pk)
        invitation = _open_of(company, address, role) or Invitation(company=company, email=address, role=role)
        is_new = invitation.pk is None
        invitation.name = name or invitation.name or (company.contact if address == company.email else "")
        invitation.note, invitation.language = note or invitation.note, company.language
        invitation.by, invitation.expires_at = by.user or invitation.by, begins_at + LIVES
        invitation.save()
        if is_new:
            timeline.write("invited", company=company, by=by, after=address, facts={"role": role})
        if send:
            _send(invitation, by=by, not_before=begins_at)
        standing.refresh([company.pk])
    return invitation


def _open_of(company: Company, email: str, role: str) -> Invitation | None:
    return open_ones(company).filter(email=email, role=role).order_by("-pk").first()


def open_ones(company: Company, now: datetime | None = None) -> QuerySet[Invitation]:
    """The invitations that still open something."""
    mine = Invitation.objects.filter(company=company, accepted_at=None, revoked_at=None)
    return mine.filter(expires_at__gt=now or timezone.now())


def _send(invitation: Invitation, *, by: Actor, not_before: datetime | None = None) -> Mail | None:
    is_colleague = invitation.role == Role.CONNECTOR
    return outbox.enqueue(
        "colleague" if is_colleague else "invitation",
        to=invitation.email,
        company=invitation.company,
        invitation=invitation,
        by=by,
        facts={"name": invitation.name, "by": str(invitation.by) if invitation.by else ""},
        not_before=not_before,
        reply_to=invitation.by.email if is_colleague and invitation.by and not invitation.by.is_staff else "",
    )


def url(invitation: Invitation) -> str:
    """The address to accept it at, for its own address alone. Shown to staff, who hand it over."""
    return links.invitation_url(invitation)


def read(token: str, now: datetime | None = None) -> Invitation:
    """The invitation of a token, if it can be accepted. Changes nothing.

    Raises LinkUnknown; LinkUsed; LinkEnded, which says whether a new one may be sent to the same address.
    """
    return _check(_find(token), now or timezone.now())


def _find(token: str) -> Invitation:
    uid = links.read_invitation(token)
    if uid is None:
        raise LinkUnknown
    invitation = Invitation.objects.select_related("company", "by").filter(uid=uid, company__erased_at=None).first()
    if invitation is None:
        raise LinkUnknown
    return invitation


def _check(invitation: Invitation, now: datetime) -> Invitation:
    if invitation.revoked_at:
        raise LinkEnded(invitation=invitation, can_renew=False)
    if invitation.accepted_at:
        raise LinkUsed(invitation=invitation)
    if invitation.expires_at <= now:
        raise LinkEnded(invitation=invitation, can_renew=True)
    return invitation


def accept(token: str, now: datetime | None = None) -> Accepted:
    """Use the invitation up: its address may open the company from now on, and is to be signed in.

    Of two at once, one wins and the other raises LinkUsed. Raises as `read`; and LinkUnknown for an address that
    has become staff, who never come in this way, or a person who may no longer sign in.
    """
    moment = now or timezone.now()
    found = read(token, moment)
    with transaction.atomic():
        rows = Invitation.objects.select_for_update(of=("self",)).select_related("company", "by")
        invitation = _check(rows.get(pk=found.pk), moment)
        known = User.objects.filter(email=invitation.email).first()
        if known and (known.is_staff or not known.is_active):
            raise LinkUnknown
        actor = Actor(Source.CUSTOMER, known)
        user = companies.add_person(
            invitation.company, invitation.email, name=invitation.name, role=invitation.role, by=actor
        )
        _note_accepted(invitation, user, moment)
    return Accepted(user, invitation)


def _note_accepted(invitation: Invitation, user: User, now: datetime) -> None:
    invitation.accepted_at = invitation.opened_at = now
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "opened_at", "accepted_by"])
    Mail.objects.filter(invitation=invitation, opened_at=None).update(opened_at=now)
    Mail.objects.filter(invitation=invitation, sent_at=None, failed_at=None, dropped_at=None).update(
        dropped_at=now, error="the invitation was accepted"
    )
    company = invitation.company
    if invitation.role == Role.MEMBER:
        standing.note_step(company, "accepted_at", now)
    timeline.write(
        "accepted",
        company=company,
        by=Actor.customer(user),
        at=now,
        after=user.email,
        facts={"role": invitation.role},
    )
    standing.refresh([company.pk], now)


def renew(invitation: Invitation, *, by: Actor, now: datetime | None = None) -> Invitation:
    """Send it again to the same address: the open one itself, or a new one in place of one that has ended.

    Raises LinkUsed, LinkEnded for a withdrawn one, TooManyTries after three a day.
    """
    moment = now or timezone.now()
    if invitation.revoked_at:
        raise LinkEnded(invitation=invitation, can_renew=False)
    if invitation.accepted_at:
        raise LinkUsed(invitation=invitation)
    _check_again(invitation.company, invitation.email, moment)
    actor = Actor(by.source, by.user or invitation.by, by.reason)
    return invite(
        invitation.company,
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        note=invitation.note,
        by=actor,
    )


def _check_again(company: Company, email: str, now: datetime) -> None:
    """Raises TooManyTries with the minutes until the oldest of today's mails is a day old."""
    kinds = ("invitation", "colleague", "unfinished", "expired")
    sent = Mail.objects.filter(company=company, to=email, kind__in=kinds, created_at__gt=now - A_DAY)
    times = sorted(at for at, facts in sent.values_list("created_at", "facts") if not facts.get("day"))
    if len(times) > AGAIN_A_DAY:
        raise TooManyTries(minutes=_minutes_until(times[-AGAIN_A_DAY - 1] + A_DAY, now))


def _minutes_until(at: datetime, now: datetime) -> int:
    return max(1, round((at - now).total_seconds() / 60))


def revoke(invitation: Invitation, *, by: Actor, now: datetime | None = None) -> None:
    """Withdraw it: the link opens nothing any more, and a colleague who came in by it is out again."""
    moment = now or timezone.now()
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update(of=("self",)).select_related("company").get(pk=invitation.pk)
        if invitation.revoked_at:
            return
        invitation.revoked_at = moment
        invitation.save(update_fields=["revoked_at"])
        timeline.write("share.revoked", company=invitation.company, by=by, at=moment, before=invitation.email)
        if invitation.accepted_by and invitation.role == Role.CONNECTOR:
            Membership.objects.filter(
                company=invitation.company, user=invitation.accepted_by, role=Role.CONNECTOR
            ).delete()
        standing.refresh([invitation.company_id], moment)


def share(company: Company, email: str, note: str, *, by: Actor, now: datetime | None = None) -> Invitation:
    """A customer sends a colleague a link: one company, one step, 14 days, no registration.

    Raises TooManyTries after five a day, NotNow for an address of staff.
    """
    moment = now or timezone.now()
    _check_shares(company, moment)
    with transaction.atomic():
        invitation = invite(company, email=email, note=note.strip(), role=Role.CONNECTOR, by=by)
        timeline.write("shared", company=company, by=by, at=moment, after=invitation.email)
    return invitation


def _check_shares(company: Company, now: datetime) -> None:
    sent = Mail.objects.filter(company=company, kind="colleague", created_at__gt=now - A_DAY)
    times = list(sent.order_by("created_at").values_list("created_at", flat=True))
    if len(times) >= SHARES_A_DAY:
        raise TooManyTries(minutes=_minutes_until(times[-SHARES_A_DAY] + A_DAY, now))


def shared_of(company: Company) -> list[Invitation]:
    """The links that its people sent, newest first, for the page that lists them; `has_bounced` of each."""
    bounced = Mail.objects.filter(invitation=OuterRef("pk"), bounced_at__isnull=False)
    sent = Invitation.objects.filter(company=company, role=Role.CONNECTOR).annotate(has_bounced=Exists(bounced))
    return list(sent.select_related("by").order_by("-created_at")[:20])


def share_again(invitation: Invitation, *, by: Actor, now: datetime | None = None) -> Invitation:
    """Send a colleague's link again. Raises as `share` and `renew`."""
    _check_shares(invitation.company, now or timezone.now())
    return renew(invitation, by=by, now=now)


def send_link_again(company: Company, *, by: Actor, now: datetime | None = None) -> list[str]:
    """What staff's "Send link again" does: the mail that fits the company's state. Returns the addresses.

    Not accepted: the invitation. Expired: reconnect. Otherwise: finish connecting. Raises NotNow for a connected
    company, TooManyTries after three a day to one address, CompanyErased.
    """
    moment = now or timezone.now()
    state = State(company.state)
    if state in (State.NEW, State.INVITED):
        return [_invite_again(company, by, moment).email]
    if state in (State.LINKED, State.READING, State.WAITING_PC, State.PARTIAL):
        raise NotNow(sentence=_("The software is connected: there is nothing to send."))
    people = queries.members_of(company).values_list("email", "name")
    return [_send_page(company, state, email, name, by, moment) for email, name in people]


def _invite_again(company: Company, by: Actor, now: datetime) -> Invitation:
    mine = Invitation.objects.filter(company=company, role=Role.MEMBER, accepted_at=None, revoked_at=None)
    last = mine.filter(email=company.email).order_by("-pk").first() or mine.order_by("-pk").first()
    return renew(last, by=by, now=now) if last else invite(company, by=by)


def _send_page(company: Company, state: State, email: str, name: str, by: Actor, now: datetime) -> str:
    _check_again(company, email, now)
    connection = queries.current(company)
    is_broken = state in (State.EXPIRED, State.PERMISSION) and connection is not None
    facts = {"name": name, "asked": True, "by": str(by.user or "")}
    if connection and is_broken:
        facts["platform"] = connection.software_name
        facts["at"] = (connection.status_at or now).isoformat()
    elif state in (State.UNLINKED, State.SIGNED_IN):
        facts["page"] = "connect/" if connection is None else "connection/"
    kind = "expired" if is_broken else "unfinished"
    outbox.enqueue(kind, to=email, company=company, connection=connection, by=by, facts=facts)
    return email


def ask_for_software(company: Company, software: str, *, by: Actor, now: datetime | None = None) -> SoftwareRequest:
    """The customer uses something that we do not list: a task for staff, who write back.

    Raises TooManyTries after five a day of one company.
    """
    moment = now or timezone.now()
    asked = company.software_requests.filter(created_at__gt=moment - A_DAY).order_by("created_at")
    times = list(asked.values_list("created_at", flat=True))
    if len(times) >= REQUESTS_A_DAY:
        raise TooManyTries(minutes=_minutes_until(times[-REQUESTS_A_DAY] + A_DAY, moment))
    with transaction.atomic():
        request = SoftwareRequest.objects.create(company=company, user=by.user, software=software.strip()[:120])
        timeline.write("other.asked", company=company, by=by, after=request.software)
        standing.refresh([company.pk])
    return request
