"""What cannot be undone: deleting a connection, or with a second person a company, at Codat."""

from ...actors import Actor
from ...lifecycle import Status
from ...usecases import connections, deletion
from .. import act_forms as ask
from ..desk import Desk
from .act import Act, Outcome, Told


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
        f"{row.software_name or 'Partner expense connection'}"
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


ACTS = (
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
)  # fmt: skip
