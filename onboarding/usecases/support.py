"""What staff do for a customer that is no change at Codat: notes, previews, sessions, answers, looking on."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from .. import queries
from ..actors import Actor
from ..errors import CompanyErased, NotNow
from ..models import Company, Invitation, Mail, Note, Role, SoftwareRequest, User
from ..states import State
from . import companies, invitations, links, standing, timeline
from .mails import letters
from .mails.letters import Letter


def add_note(company: Company, text: str, *, by: Actor) -> Note:
    """Keep what staff know of a company. Raises NotNow for an empty one."""
    if not text.strip():
        raise NotNow(sentence="The note is empty.")
    with transaction.atomic():
        note = Note.objects.create(company=company, by=by.user, text=text.strip())
        timeline.write("note", company=company, by=by, facts={"note": note.pk})
    return note


def preview_link(company: Company, *, by: Actor) -> list[tuple[str, Letter]]:
    """The mails that `invitations.send_link_again` would send, by address; nothing is kept or sent.

    Raises as that does: NotNow, TooManyTries, CompanyErased.
    """
    now = timezone.now()
    with transaction.atomic():
        newest = Mail.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        invitations.send_link_again(company, by=by, now=now)
        rows = Mail.objects.filter(company=company, pk__gt=newest)
        mails = list(rows.select_related("company", "connection", "invitation__by", "by").order_by("pk"))
        written = [(mail.to, letters.compose(mail, now)) for mail in mails]
        transaction.set_rollback(True)
    return written


def link_for(company: Company, *, by: Actor) -> str:
    """The address of ours to read out to the customer: the open invitation's, else the company's own page.

    It works for the invited address alone. Raises CompanyErased, or NotNow for a connected company.
    """
    if company.erased_at:
        raise CompanyErased
    if State(company.state) in (State.LINKED, State.READING, State.WAITING_PC, State.PARTIAL):
        raise NotNow(sentence="The software is connected: there is nothing to send.")
    with transaction.atomic():
        invitation = None
        if company.accepted_at is None:
            invitation = invitations.invite(company, by=by, send=False)
        timeline.write("link.copied", company=company, by=by, after=invitation.email if invitation else "")
    return address_of(company, invitation)


def address_of(company: Company, invitation: Invitation | None = None) -> str:
    return invitations.url(invitation) if invitation else links.absolute(f"/c/{company.ref}/")


def open_invitation(company: Company) -> Invitation | None:
    """The open invitation of one who is to be a member, if nobody has accepted yet."""
    if company.accepted_at is not None:
        return None
    return invitations.open_ones(company).filter(role=Role.MEMBER).order_by("-pk").first()


def note_viewed(company: Company, *, by: Actor) -> None:
    """Somebody of ours looks at the customer's pages."""
    timeline.write("staff.viewed", company=company, by=by)


def end_sessions(company: Company, *, by: Actor, users: list[User] | None = None) -> int:
    """Sign the company's people out everywhere, on every device; returns how many people.

    Customers have no password: what Django keeps in its place is made anew, and every session hangs on it.
    Staff are never touched: theirs end by their password.
    """
    with transaction.atomic():
        people = User.objects.select_for_update().filter(memberships__company=company, is_staff=False)
        chosen = list(people if users is None else people.filter(pk__in=[user.pk for user in users]))
        for user in chosen:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        emails = ", ".join(user.email for user in chosen)
        timeline.write("sessions.ended", company=company, by=by, after=emails, facts={"people": len(chosen)})
    return len(chosen)


def answer_request(request: SoftwareRequest, *, by: Actor) -> None:
    """Staff have written back about software that we do not list: the task is done."""
    with transaction.atomic():
        answered = SoftwareRequest.objects.filter(pk=request.pk, answered_at=None).update(
            answered_at=timezone.now(), answered_by=by.user
        )
        if answered:
            timeline.write("other.answered", company=request.company_id, by=by, before=request.software)
            standing.refresh([request.company_id])


def remove_person(company: Company, user: User, *, by: Actor) -> None:
    """Take a person's access away, and their open invitations with it, or the next mail would let them in again."""
    from_now_on = invitations.open_ones(company).filter(email=user.email)
    for invitation in from_now_on:
        invitations.revoke(invitation, by=by)
    companies.remove_person(company, user, by=by)


def reach(company: Company) -> list[str]:
    """The addresses that a mail about the company goes to."""
    return list(queries.members_of(company).values_list("email", flat=True)) or [company.email]


def reset_second_factor(user: User, *, by: Actor) -> None:
    """A member of staff has lost theirs: every factor goes, and the next sign-in asks for a new one."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        timeline.write("staff.factor_reset", company=None, by=by, before=user.email)
