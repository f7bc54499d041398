"""Asking Codat, having data read, and letting go of access."""

from django.utils import timezone

from ... import tasks
from ...actors import Actor
from ...lifecycle import Status
from ...models import Connection
from ...nudge import nudge
from ...platforms import TABLES
from ...usecases import connections, partner, reads
from .. import act_forms as ask
from ..desk import Desk
from .act import Act, Outcome, Told


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
    return f"{connection.software_name} is unlinked. The customer gets a receipt."


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


ACTS = (
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
)  # fmt: skip
