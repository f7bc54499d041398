"""Which advice of the table "symptom → say or do" fits a connection. Pure words, looked up by what went wrong."""

from collections.abc import Callable

from ..lifecycle import Status
from ..models import Connection
from ..states import AUTH_ERROR, PERMISSION_ERROR, State
from .desk import Desk

Symptom = Callable[[Desk, Connection], bool]
CANCELLED = 403
MANY_REQUESTS = "429"


def _unfinished(desk: Desk, connection: Connection) -> bool:
    return connection.is_pending


def _failed(*keys: str) -> Symptom:
    def fits(desk: Desk, connection: Connection) -> bool:
        return connection.platform_key in keys and connection.is_pending and connection.failures > 0

    return fits


def _unfinished_at(key: str) -> Symptom:
    return lambda desk, connection: connection.platform_key == key and connection.is_pending


def _expired_without_reason(desk: Desk, connection: Connection) -> bool:
    return connection.platform_key == "gbol" and _is_expired(connection) and not desk.auth_message


def _is_expired(connection: Connection) -> bool:
    return connection.status == Status.DEAUTHORIZED or AUTH_ERROR in _words(connection)


def _words(connection: Connection) -> set[str]:
    return {read.get("status", "") for read in connection.reads.values()}


def _intacct(desk: Desk, connection: Connection) -> bool:
    is_bad = connection.failures > 0 or PERMISSION_ERROR in _words(connection)
    return connection.platform_key == "knfz" and is_bad


def _desktop(desk: Desk, connection: Connection) -> bool:
    is_waiting = desk.state in (State.WAITING_PC, State.READING) or _is_expired(connection) or connection.is_pending
    return connection.platform_key == "pqsw" and is_waiting


def _linked(desk: Desk, connection: Connection) -> bool:
    return connection.is_linked and bool(connection.organisation)


def _limited(desk: Desk, connection: Connection) -> bool:
    return MANY_REQUESTS in connection.look_error


FIXES: tuple[tuple[Symptom, str], ...] = (
    (
        _unfinished,
        "The link at Codat works once and for one day. Send it again. Cancelled twice: ask who is administrator, "
        "and have the customer use Send a link.",
    ),
    (
        _failed("qhyg"),
        "The user must be Primary admin or Company admin. QuickBooks Self-Employed is not supported.",
    ),
    (
        _expired_without_reason,
        "The same Xero user may be used for several companies: reconnect each with its own user.",
    ),
    (
        _failed("akxx"),
        "The bundle AppLink is missing, Token-based Authentication is off, or the role is not Administrator. "
        "One subsidiary for each company.",
    ),
    (
        _intacct,
        "Check entity-level access, the Web Services user, and the rights that the message names. "
        "Trial companies never work.",
    ),
    (
        _unfinished_at("pdvj"),
        "File missing in the list: it is local, so put it online. AccountRight asks for the user and password of the "
        "file, not for the MYOB sign-in.",
    ),
    (
        _failed("trji"),
        "The extension App Link was removed or is still installing (10 to 20 minutes); or the Microsoft administrator "
        "has not approved; or CRONUS or a sandbox was picked.",
    ),
    (
        _desktop,
        "Computer off; Web Connector closed; Auto-Run unticked; another company file open; the file open on another "
        "computer; or outside the sync window if scheduling is on (19:00 to 07:00 on weekdays). Expired right after "
        "the first read: the connector is set to one-time sync at Codat.",
    ),
    (
        _linked,
        "Wrong organisation connected: unlink it, then the customer connects again and picks the right one.",
    ),
    (
        _limited,
        "Codat's daily quota is reached; it resets at 00:00 UTC. Checks slow down by themselves: there is nothing "
        "to do for the customer.",
    ),
)


def of(desk: Desk, connection: Connection) -> list[str]:
    """What to say or do about a connection as it stands, most likely first."""
    return [advice for fits, advice in FIXES if fits(desk, connection)]
