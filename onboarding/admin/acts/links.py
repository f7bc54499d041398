"""Sending and copying links to our own pages, and going through Link in the customer's place."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from ... import tasks
from ...actors import Actor
from ...nudge import nudge
from ...states import State
from ...usecases import connections, invitations, support
from .. import act_forms as ask
from ..desk import Desk
from .act import WORKING, Act, Outcome, Told


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
    name = connection.software_name
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


ACTS = (
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
)  # fmt: skip
