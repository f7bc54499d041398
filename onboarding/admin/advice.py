"""The first five lines of a company's page: what is wrong, since when, why, and what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .. import words as customer_words
from ..lifecycle import Status
from ..states import State, is_another_organisation
from ..usecases.reads import progress_of
from ..usecases.standing import quiet_days
from ..views import scenes
from . import words
from .desk import Desk


@dataclass(frozen=True, slots=True)
class Advice:
    """`kind` colours the panel; `acts` names the one to three useful buttons, the first one primary."""

    title: str
    cause: str
    acts: tuple[str, ...]
    kind: str = "off"
    icon: str = "info"
    more: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Urgent:
    """What matters besides the state. It is the next step where the state itself asks for none."""

    title: str
    says: str
    acts: tuple[str, ...] = ()


CALM = frozenset({State.LINKED, State.READING, State.UNLINKED})  # states that leave nothing, or waiting, to be done


def of(desk: Desk) -> Advice:
    """What the state asks for, with what is urgent beside it said first."""
    if desk.company.erased_at:
        return Advice("This company was erased", f"At its request, {words.when(desk.company.erased_at)}.", ())
    if desk.deletion is not None:
        return _deletion(desk)
    first, urgent = ADVICE[desk.state](desk), list(_urgent(desk))
    word = words.STATES[desk.state]
    needs = desk.company.needs
    kind = words.need_of(needs).word.kind if needs and word.kind in ("off", "ok") else word.kind
    acts = tuple(dict.fromkeys((*[name for each in urgent for name in each.acts], *first.acts)))[:3]
    says = [each.says for each in urgent]
    if urgent and desk.state in CALM:
        return Advice(urgent[0].title, f"{says[0]} {first.cause}", acts, "warn", "triangle", [*says[1:], *first.more])
    return Advice(first.title, first.cause, acts, kind, word.icon, [*says, *first.more])


def _deletion(desk: Desk) -> Advice:
    request = desk.deletion
    assert request is not None
    who = request.asked_by or "A command"
    if request.confirmed_at:
        cause = f"{who} asked and {request.confirmed_by} confirmed, {words.when(request.confirmed_at)}."
        error = [f"It could not be carried out yet: {request.error}"] if request.error else []
        return Advice(
            "Next: carry the deletion out", cause, ("confirm_deletion", "withdraw_deletion"), "bad", "todo", error
        )
    why = f": “{request.reason}”" if request.reason else ""
    cause = f"{who} asked {words.when(request.asked_at)}{why}. Nothing has been deleted yet."
    acts = ("confirm_deletion", "withdraw_deletion")
    return Advice("Next: a second person confirms the deletion", cause, acts, "bad", "todo")


def _urgent(desk: Desk) -> Iterator[Urgent]:
    for request in desk.open_requests:
        says = f"{request.user or desk.first_name} uses {request.software}, which is not in the list."
        title = f"Next: write back about {request.software}"
        yield Urgent(title, f"{says} Write back, then mark it answered.", ("answer_request",))
    if desk.bounced and desk.state != State.LINKED:
        bounced = f"The last mail to {desk.bounced.to} bounced {words.when(desk.bounced.bounced_at)}."
        yield Urgent("Next: correct the address", f"{bounced} Correct the address first.")
    if len(desk.linked) > 1:
        names = " and ".join(connection.organisation or connection.platform_key for connection in desk.linked)
        says = f"Two connections are Linked at once ({names}): unlink the one that is not wanted."
        yield Urgent("Next: unlink one of the two connections", says, ("unlink",))
    if wrong := wrong_organisation(desk):
        yield _wrong(desk, *wrong)
    if desk.is_partner_missing:
        says = "The partner expense connection is missing: Expenses cannot write to the books without it."
        yield Urgent("Next: make the partner connection", says, ("retry_partner",))


def _wrong(desk: Desk, expected: str, got: str) -> Urgent:
    linked_at = desk.current.linked_at if desk.current else None
    waiting = f" ({words.age(linked_at, desk.now)})" if linked_at else ""
    says = f"Expected {expected}, got {got}. The customer has not answered{waiting}."
    return Urgent(f"Next: ask {desk.first_name} which books are right", says, ("keep_organisation", "unlink"))


def wrong_organisation(desk: Desk) -> tuple[str, str] | None:
    """(expected, connected), if they differ and nobody has said that it is right."""
    current = desk.current
    if current is None or not current.is_linked or not current.organisation or current.organisation_kept_at:
        return None
    expected = current.organisation_was or desk.company.name
    return (expected, current.organisation) if is_another_organisation(current.organisation, expected) else None


def _since(desk: Desk) -> str:
    since = desk.company.state_since
    return f"{words.age(since, desk.now)} ago ({words.when(since)})" if since else "at a time we do not know"


def _written(desk: Desk) -> str:
    """What we have sent about it, and whether anybody pressed the button."""
    sent = desk.reminders
    if not sent:
        return "Nothing was sent about it yet."
    pressed = next((mail for mail in sent if mail.opened_at), None)
    count = "1 email sent" if len(sent) == 1 else f"{len(sent)} emails sent"
    return f"{count}, pressed {words.when(pressed.opened_at)}." if pressed else f"{count}, no click."


def _last_read(desk: Desk) -> str:
    current = desk.current
    return f"Last good read {words.when(current.last_read_at)}." if current and current.last_read_at else "Never read."


def _expired(desk: Desk) -> Advice:
    current = desk.current
    by_read = current is not None and current.status == Status.LINKED
    told = "A read ended with AuthError" if by_read else "Codat reported the connection as Deauthorized"
    reason = f" Reason from {desk.platform}: “{desk.auth_message}”" if desk.auth_message else " No reason was given."
    cause = f"{told} {_since(desk)}.{reason} {_last_read(desk)} {_written(desk)}"
    return Advice(
        f"Next: ask {desk.first_name} to reconnect {desk.platform}", cause, ("send_link", "copy_link", "check")
    )


def _unlinked(desk: Desk) -> Advice:
    current = desk.current
    wish = " The customer wants it left so." if current and current.let_go_at else ""
    cause = f"{desk.platform} was disconnected {_since(desk)}.{wish} {_last_read(desk)}"
    return Advice("Next: nothing; note why, if you know", cause, ("copy_link", "choose_software", "check"))


def _permission(desk: Desk) -> Advice:
    refused = desk.reads_telling(State.PERMISSION)
    names = ", ".join(customer_words.item_name(name) for name in refused)
    message = next((read["message"] for read in refused.values() if read.get("message")), "")
    said = f" It said: “{message}”" if message else ""
    cause = f"{desk.platform} did not let us read {names}, {_since(desk)}.{said} {_last_read(desk)}"
    title = f"Next: tell {desk.first_name} which right is missing in {desk.platform}"
    return Advice(title, cause, ("send_link", "check", "read_data"))


def _waiting_pc(desk: Desk) -> Advice:
    cause = f"Everything has been Queued since {_since(desk)}: the computer with QuickBooks Desktop does not answer."
    return Advice(f"Next: call {desk.first_name} about the computer", cause, ("check",))


def _reading(desk: Desk) -> Advice:
    assert desk.current is not None
    done, total = progress_of(desk.current)
    age = desk.now - (desk.company.state_since or desk.now)
    left = _left_out(desk)
    cause = f"Linked {_since(desk)}. First read {done} of {total}.{f' Not read: {left}.' if left else ''}"
    is_long = age > words.PATIENCE[State.READING]
    title = "Next: look at what is not read yet" if is_long else "Next: wait for the first read"
    return Advice(title, cause, ("check",))


def _left_out(desk: Desk) -> str:
    """The data types that are not read and whose reading is not seen to go on, each with Codat's own word."""
    left = desk.reads_telling(State.PARTIAL)
    return ", ".join(f"{customer_words.item_name(name)} ({read['status']})" for name, read in left.items())


def _partial(desk: Desk) -> Advice:
    cause = f"Linked, but the last read left out {_left_out(desk)}. {_last_read(desk)} We try again by ourselves."
    more = ["If it fails again, copy the details and write to Codat support with the correlation ID."]
    return Advice("Next: read the data now", cause, ("read_data", "check"), more=more)


def _linked(desk: Desk) -> Advice:
    assert desk.current is not None
    days = quiet_days(desk.current, desk.now)
    if days:
        cause = f"{desk.platform} has not answered for {days} days, and access may end soon. {_last_read(desk)}"
        return Advice(f"Next: ask {desk.first_name} to reconnect before access ends", cause, ("read_data", "check"))
    cause = f"{desk.platform} is Linked and everything is read, since {_since(desk)}. {_last_read(desk)}"
    return Advice("Nothing to do", cause, ("check", "read_data"))


def _checking(desk: Desk) -> Advice:
    age = desk.now - (desk.company.state_since or desk.now)
    title = "Next: check with Codat" if age > words.PATIENCE[State.CHECKING] else "Next: wait for Codat's confirmation"
    cause = f"{desk.first_name} came back from Link with success {_since(desk)}; Codat does not say Linked yet."
    return Advice(title, cause, ("check",))


def _failed(desk: Desk) -> Advice:
    current = desk.current
    assert current is not None
    said = f" {desk.platform} or Codat said: “{current.failure}”" if current.failure else ""
    code = f" with code {current.returned_code}" if current.returned_code else ""
    tries = "once" if current.failures <= 1 else f"{current.failures} times"
    cause = f"The connection failed {tries}{code}, last {words.when(current.failed_at)}.{said}"
    title = f"Next: call {desk.first_name}" if current.failures >= 3 else "Next: have the customer try again"
    return Advice(title, cause, ("send_link", "start_afresh", "check"))


def _pending(desk: Desk) -> Advice:
    current = desk.current
    assert current is not None
    if current.left_at is None:
        cause = f"{desk.platform} was chosen {_since(desk)}, and nobody has left for Link yet. {_written(desk)}"
    elif current.returned_code == 403 and current.returned_at:
        cause = f"Cancelled at {desk.platform} {words.when(current.returned_at)}. Nothing was shared. {_written(desk)}"
    else:
        left = words.when(current.left_at)
        cause = (
            f"Left for {desk.platform} {left} and did not come back. That link is dead after a day. {_written(desk)}"
        )
    return Advice(f"Next: send {desk.first_name} the link again", cause, ("send_link", "copy_link", "open_link"))


def _signed_in(desk: Desk) -> Advice:
    if desk.company.gone_at:
        noted = words.when(desk.company.gone_at)
        cause = f"Codat no longer has this company (noted {noted}). The next Connect begins anew."
        return Advice(
            "Next: ask whether they want to connect again", cause, ("send_link", "copy_link", "choose_software")
        )
    if desk.connections:
        cause = f"Codat no longer has the connection, {_since(desk)}. The customer can connect again."
    else:
        cause = (
            f"{desk.first_name} accepted the invitation {_since(desk)} and has not chosen software. {_written(desk)}"
        )
    return Advice(f"Next: call {desk.first_name}", cause, ("send_link", "choose_software", "copy_link"))


def _invited(desk: Desk) -> Advice:
    sent = next((invitation for invitation in desk.invitations if invitation.sent_at), None)
    to = sent.email if sent else desk.company.email
    end = "" if desk.open_invitations else " That invitation has ended."
    cause = f"Invited {_since(desk)} at {to}, not accepted. {_written(desk)}{end}"
    return Advice("Next: send the invitation again", cause, ("send_link", "copy_link", "revoke_invitation"))


def _new(desk: Desk) -> Advice:
    waits = any(mail.kind == "invitation" and not mail.sent_at and not mail.failed_at for mail in desk.mails)
    cause = (
        "The invitation waits to be sent."
        if waits
        else f"Added {words.when(desk.company.created_at)}; nobody was invited."
    )
    return Advice("Next: send the invitation", cause, ("send_link", "copy_link", "choose_software"))


ADVICE: dict[State, Callable[[Desk], Advice]] = {
    State.EXPIRED: _expired,
    State.UNLINKED: _unlinked,
    State.PERMISSION: _permission,
    State.WAITING_PC: _waiting_pc,
    State.READING: _reading,
    State.PARTIAL: _partial,
    State.LINKED: _linked,
    State.CHECKING: _checking,
    State.FAILED: _failed,
    State.PENDING: _pending,
    State.SIGNED_IN: _signed_in,
    State.INVITED: _invited,
    State.NEW: _new,
}


def seen_by_customer(desk: Desk) -> str:
    """The title of the customer's page as it is now, in English."""
    if desk.company.erased_at:
        return ""
    scene, _facts = scenes.scene_of(desk.company, desk.viewer, desk.now)
    return scene.title
