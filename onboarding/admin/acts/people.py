"""The people of a company, their invitations and answers, and staff's notes."""

from ... import tasks
from ...actors import Actor
from ...models import Invitation, SoftwareRequest, User
from ...nudge import nudge
from ...usecases import companies, connections, invitations, support
from .. import act_forms as ask
from ..desk import Desk
from .act import Act, Outcome, Told, always


def _why_no_revoke(desk: Desk) -> str:
    return "" if desk.open_invitations else "No invitation is open."


def _revoke(desk: Desk, by: Actor, told: Told) -> Outcome:
    invitation = Invitation.objects.select_related("company").get(pk=told["invitation"], company=desk.company)
    invitations.revoke(invitation, by=by)
    return f"The link sent to {invitation.email} opens nothing any more."


def _why_no_people(desk: Desk) -> str:
    return "" if desk.people else "Nobody can sign in for this company."


def _end_sessions(desk: Desk, by: Actor, told: Told) -> Outcome:
    users = User.objects.filter(pk=told["person"]) if told["person"] else None
    count = support.end_sessions(desk.company, by=by, users=list(users) if users is not None else None)
    return f"Signed out everywhere: {count} {'person' if count == 1 else 'people'}."


def _add_person(desk: Desk, by: Actor, told: Told) -> Outcome:
    user = companies.add_person(desk.company, told["email"], name=told["name"], by=by)
    if told["invite"]:
        invitations.invite(desk.company, email=user.email, name=told["name"], by=by)
        nudge(tasks.send_mails)
    return f"{user.email} can open this company{' and gets an invitation' if told['invite'] else ''}."


def _remove_person(desk: Desk, by: Actor, told: Told) -> Outcome:
    user = User.objects.get(pk=told["person"], memberships__company=desk.company)
    support.remove_person(desk.company, user, by=by)
    return f"{user.email} can no longer open this company."


def _why_no_answer(desk: Desk) -> str:
    return "" if desk.open_requests else "Nobody asked for other software."


def _answer(desk: Desk, by: Actor, told: Told) -> Outcome:
    request = SoftwareRequest.objects.get(pk=told["request"], company=desk.company)
    support.answer_request(request, by=by)
    return f"Marked as answered: {request.software}."


def _why_no_keep(desk: Desk) -> str:
    current = desk.current
    if current is None or not current.is_linked or not current.organisation:
        return "No organisation is connected."
    return "The customer has said that it is the right one." if current.organisation_kept_at else ""


def _keep(desk: Desk, by: Actor, told: Told) -> Outcome:
    assert desk.current is not None
    connections.keep_organisation(desk.current, by=by)
    return f"Noted: {desk.current.organisation} is the right organisation."


def _note(desk: Desk, by: Actor, told: Told) -> Outcome:
    support.add_note(desk.company, told["text"], by=by)
    return "Note saved."


ACTS = (
    Act("keep_organisation", "Right organisation: keep it", "change_company", _keep, _why_no_keep, icon="check"),
    Act(
        "revoke_invitation", "Revoke invitation", "revoke_invitation", _revoke, _why_no_revoke,
        form=ask.ChooseInvitation, icon="cross", asks=True,
    ),
    Act(
        "answer_request", "Mark as answered", "answer_request", _answer, _why_no_answer,
        form=ask.ChooseRequest, icon="check", asks=True,
    ),
    Act(
        "add_person", "Add a person", "manage_people", _add_person, always,
        form=ask.AddPerson, icon="plus", asks=True,
    ),
    Act(
        "remove_person", "Remove a person", "manage_people", _remove_person, _why_no_people,
        form=ask.ChoosePerson, icon="cross", asks=True, is_danger=True,
    ),
    Act(
        "end_sessions", "End sessions", "end_sessions", _end_sessions, _why_no_people,
        form=ask.ChoosePeople, icon="lock", asks=True,
    ),
    Act("add_note", "Save note", "add_note", _note, always, form=ask.WriteNote, icon="plus"),
)  # fmt: skip
