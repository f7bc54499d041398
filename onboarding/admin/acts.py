"""What staff can do for one company: the table of actions, each with its own right, conditions and questions.

Every one runs through a use case, on record, outside of any transaction of the admin's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from .. import tasks
from ..actors import Actor
from ..lifecycle import Status
from ..models import Connection, Invitation, SoftwareRequest, User
from ..nudge import nudge
from ..platforms import TABLES, name_of
from ..states import State
from ..usecases import companies, connections, deletion, invitations, partner, reads, support
from . import act_forms as ask
from .desk import Desk

WORKING = frozenset({State.LINKED, State.READING, State.WAITING_PC, State.PARTIAL})
Told = dict[str, Any]
Outcome = str | HttpResponse


@dataclass(frozen=True, slots=True)
class Act:
    """One action.

    right    the permission, without the app's name
    why_not  the reason why it is not possible now; "" if it is
    run      does it and says what came of it, or answers with a response of its own
    asks     whether a page stands before it (else one click does it)
    """

    name: str
    words: str
    right: str
    run: Callable[[Desk, Actor, Told], Outcome]
    why_not: Callable[[Desk], str]
    form: type[ask.Ask] = ask.Ask
    icon: str = "arrow"
    asks: bool = False
    is_danger: bool = False
    leaves: bool = False  # for Codat Link: its page's forms may end elsewhere
    explains: Callable[[Desk], list[str]] = lambda desk: []
    label: Callable[[Desk], str] | None = None

    def words_for(self, desk: Desk) -> str:
        return self.label(desk) if self.label else self.words

    def is_allowed(self, user: User) -> bool:
        return user.has_perm(f"onboarding.{self.right}")


def _always(desk: Desk) -> str:
    return ""


# Links


def _why_no_link(desk: Desk) -> str:
    return "The software is connected: there is nothing to send." if desk.state in WORKING else ""


def _send_label(desk: Desk) -> str:
    if desk.state in (State.NEW, State.INVITED):
        return "Send invitation" if desk.state == State.NEW else "Send invitation again"
    return "Send reconnect email" if desk.state in (State.EXPIRED, State.PERMISSION) else "Send link again"


def _send_link(desk: Desk, by: Actor, told: Told) -> Outcome:
    sent = invitations.send_link_again(desk.company, by=by)
    nudge(tasks.send_mails)
    return f"Sent to {' and '.join(sent) or 'nobody: this company has no people'}."


def _copy_link(desk: Desk, by: Actor, told: Told) -> Outcome:
    support.link_for(desk.company, by=by)
    return _see(desk, "link")


def _see(desk: Desk, page: str) -> HttpResponse:
    response = HttpResponseRedirect(reverse(f"admin:company_{page}", args=[desk.company.pk]))
    response.status_code = 303
    return response


def _why_no_choice(desk: Desk) -> str:
    if desk.linked:
        return f"{desk.platform} is connected: one company uses one software at a time. Unlink it first."
    return ""


def _choose(desk: Desk, by: Actor, told: Told) -> Outcome:
    connection = connections.prepare(desk.company, told["platform"], by=by)
    name = name_of(connection.platform_key, connection.platform_name)
    return f"{name} is chosen for the customer. Now send the link again, or open Link here."


def _why_not_open(desk: Desk) -> str:
    current = desk.current
    if current is None:
        return "No software is chosen yet: choose it for the customer first."
    if current.is_linked and desk.state not in (State.EXPIRED, State.PERMISSION):
        return f"{desk.platform} is connected: nothing is to be approved."
    return "" if current.can_relink or current.is_linked else "The connection is still being made at Codat."


def _open_link(desk: Desk, by: Actor, told: Told) -> Outcome:
    """As the customer's own click; the link is for this once, and is shown nowhere."""
    current = desk.current
    assert current is not None
    link = connections.reconnect(current, by=by)
    response = HttpResponse(status=303)
    response["Location"] = link.reveal()
    return response


def _explain_open(desk: Desk) -> list[str]:
    return [
        f"You leave this site for Codat Link and {desk.platform}, in the customer's place. Do this only with the "
        "customer beside you: what you approve is approved in their name.",
        "You come back to this company's page, which then says how it ended.",
    ]


# Codat


def _why_no_check(desk: Desk) -> str:
    if desk.company.codat_id is None:
        return "Codat does not know this company yet."
    return ""


def _check(desk: Desk, by: Actor, told: Told) -> Outcome:
    checked = connections.check(desk.company, by=by)
    clock = timezone.localtime(checked.at).strftime("%H:%M:%S")
    return f"Checked {clock}: {checked.status or 'no connection'}."


def _why_no_read(desk: Desk) -> str:
    if not desk.linked:
        return f"{desk.platform.capitalize() if desk.current is None else desk.platform} is not Linked."
    if not TABLES[desk.company.product].reads_are_stored:
        return "This product reads the books live: there is no stored data to read again."
    return "A read is running already." if desk.is_reading else ""


def _read(desk: Desk, by: Actor, told: Told) -> Outcome:
    reads.read_now(desk.linked[0], by=by)
    nudge(tasks.follow_connections)
    return "Codat reads every data type again. The results come into the table by themselves."


def _why_no_unlink(desk: Desk) -> str:
    if desk.linked:
        return ""
    current = desk.current
    if current is None:
        return "Only a Linked connection can be unlinked, and there is none."
    return f"Only a Linked connection can be unlinked; this one is {current.status}."


def _unlink(desk: Desk, by: Actor, told: Told) -> Outcome:
    connection: Connection = told["connection"]
    connections.unlink(connection, by=by)
    nudge(tasks.send_mails)
    return f"{name_of(connection.platform_key, connection.platform_name)} is unlinked. The customer gets a receipt."


def _explain_unlink(desk: Desk) -> list[str]:
    return [
        f"Codat gives up the access to {desk.platform}: nothing is read or written any more.",
        "What was read stays. The customer is told by email and can connect again.",
        "Codat is asked first; if it refuses, nothing changes here.",
    ]


def _why_not_afresh(desk: Desk) -> str:
    current = desk.current
    if current is not None and current.status in (Status.LINKED, Status.DEAUTHORIZED):
        return f"{desk.platform} is connected or can be reconnected."
    has_old = any(row.status != Status.DELETED for row in desk.connections)
    return "" if has_old or desk.company.gone_at else "Nothing was started yet."


def _afresh(desk: Desk, by: Actor, told: Told) -> Outcome:
    connections.start_afresh(desk.company, by=by)
    return "Cleared. The customer sees Choose, as new."


def _explain_afresh(desk: Desk) -> list[str]:
    return [
        "Connections that were not finished are deleted at Codat. The customer's next Connect begins as new.",
        "If Codat no longer has the company, the next Connect makes it again.",
    ]


def _why_no_partner(desk: Desk) -> str:
    if not TABLES[desk.company.product].needs_partner:
        return "Only Expenses has a partner connection."
    if not desk.linked:
        return "The accounting software has to be Linked first."
    return "" if desk.is_partner_missing else "The partner connection is there."


def _partner(desk: Desk, by: Actor, told: Told) -> Outcome:
    made = partner.retry(desk.company, by=by)
    return "The partner connection is made." if made else "Accounting turned out not to be Linked: nothing was made."


# People and invitations


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


# What cannot be undone


def _why_no_removal(desk: Desk) -> str:
    alive = [row for row in [*desk.connections, desk.partner] if row is not None and row.status != Status.DELETED]
    return "" if alive else "There is no connection."


def _remove_connection(desk: Desk, by: Actor, told: Told) -> Outcome:
    connections.delete(told["connection"], by=by)
    return "The connection is deleted at Codat. The customer's card is free again."


def _explain_removal(desk: Desk) -> list[str]:
    return [
        "The connection is deleted at Codat for good, and what was read of it becomes unreadable.",
        "The customer would have to connect anew. To stop reading only, unlink instead.",
    ]


def _why_no_deletion(desk: Desk) -> str:
    if desk.company.codat_id is None or desk.company.gone_at:
        return "Codat does not have this company."
    return "It is asked for already." if desk.deletion else ""


def _ask_deletion(desk: Desk, by: Actor, told: Told) -> Outcome:
    deletion.ask(desk.company, by=by)
    return "Asked. Nothing is deleted until a second person confirms."


def what_goes(desk: Desk) -> list[str]:
    """What a deletion at Codat takes with it."""
    rows = [row for row in [*desk.connections, desk.partner] if row is not None and row.status != Status.DELETED]
    names = [
        f"{name_of(row.platform_key, row.platform_name) or 'Partner expense connection'}"
        f"{f' ({row.organisation})' if row.organisation else ''}, {row.status}"
        for row in rows
    ]
    return [
        f"The company {desk.company.codat_name or desk.company.name} at Codat, ID {desk.company.codat_id}.",
        f"Its connections: {'; '.join(names)}." if names else "It has no connections.",
        "All data of them that Codat has read. This cannot be undone.",
        "Here the company stays, as Not connected, with its timeline. The customer could connect again.",
    ]


def _explain_asking(desk: Desk) -> list[str]:
    return [*what_goes(desk), "Nothing is deleted until a second person has confirmed it."]


def _why_no_confirmation(desk: Desk) -> str:
    if desk.deletion is None:
        return "Nobody has asked to delete it."
    if desk.deletion.confirmed_at is None and desk.deletion.asked_by_id == desk.viewer.pk:
        return "You asked for it: somebody else has to confirm."
    if desk.deletion.batch_id:
        return "It belongs to a batch: confirm it there."
    return ""


def _confirm_deletion(desk: Desk, by: Actor, told: Told) -> Outcome:
    assert desk.deletion is not None
    request = desk.deletion
    if request.confirmed_at is None:
        request = deletion.confirm(request, by=by)
    deletion.carry_out(request, by=by)
    return "Deleted at Codat. The company is Not connected here."


def _withdraw(desk: Desk, by: Actor, told: Told) -> Outcome:
    assert desk.deletion is not None
    deletion.withdraw(desk.deletion, by=by)
    return "Withdrawn. Nothing was deleted."


def _why_no_withdrawal(desk: Desk) -> str:
    return "" if desk.deletion else "Nobody has asked to delete it."


ACTS = {
    act.name: act
    for act in (
        Act(
            "send_link", "Send link again", "send_link", _send_link, _why_no_link,
            icon="envelope", asks=True, label=_send_label,
        ),
        Act("copy_link", "Copy link for customer", "copy_link", _copy_link, _why_no_link, icon="external"),
        Act(
            "choose_software", "Choose software for the customer", "choose_software", _choose, _why_no_choice,
            form=ask.ChooseSoftware, icon="check", asks=True,
        ),
        Act(
            "open_link", "Open Link here", "open_link", _open_link, _why_not_open,
            form=ask.AskWhy, icon="external", asks=True, leaves=True, explains=_explain_open,
        ),
        Act("check", "Check with Codat", "check_status", _check, _why_no_check, icon="refresh"),
        Act("read_data", "Read data now", "read_data", _read, _why_no_read, icon="refresh"),
        Act(
            "unlink", "Unlink", "unlink_connection", _unlink, _why_no_unlink,
            form=ask.AskForConnection, icon="broken", asks=True, is_danger=True, explains=_explain_unlink,
        ),
        Act(
            "start_afresh", "Start afresh", "start_afresh", _afresh, _why_not_afresh,
            icon="refresh", asks=True, is_danger=True, explains=_explain_afresh,
        ),
        Act("retry_partner", "Retry partner connection", "retry_partner", _partner, _why_no_partner, icon="refresh"),
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
            "add_person", "Add a person", "manage_people", _add_person, _always,
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
        Act("add_note", "Save note", "add_note", _note, _always, form=ask.WriteNote, icon="plus"),
        Act(
            "remove_connection", "Delete connection", "remove_connection", _remove_connection, _why_no_removal,
            form=ask.RemoveConnection, icon="cross", asks=True, is_danger=True, explains=_explain_removal,
        ),
        Act(
            "ask_deletion", "Delete company at Codat", "ask_deletion", _ask_deletion, _why_no_deletion,
            form=ask.TypeReference, icon="cross", asks=True, is_danger=True, explains=_explain_asking,
        ),
        Act(
            "confirm_deletion", "Confirm the deletion", "confirm_deletion", _confirm_deletion, _why_no_confirmation,
            form=ask.ConfirmReference, icon="cross", asks=True, is_danger=True, explains=what_goes,
        ),
        Act(
            "withdraw_deletion", "Withdraw the deletion", "ask_deletion", _withdraw, _why_no_withdrawal,
            icon="back", asks=True,
        ),
    )
}  # fmt: skip
