"""What the pages of a company say in each state: title, lead, bridge, the one primary button. No queries.

One table, `SCENES`, from the state to its scene. The connection page, home's sheet and staff who look at a
customer's page all read the same scene.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import brand, dates, queries
from ..lifecycle import Status
from ..models import Company, Connection, User
from ..platforms import QUICKBOOKS_DESKTOP, TABLES
from ..states import State, current_of, is_another_organisation, progress, state_of
from ..usecases.standing import quiet_days
from ..words import is_expenses
from .shown import Software, software_of, wanted

SLOW_AFTER = timedelta(minutes=2)
SLOW_READ_AFTER = timedelta(days=1)  # when staff look at it, too
NOT_SUPPORTED_BY_CODAT = 501  # the code that comes back from Link


@dataclass(frozen=True, slots=True)
class Action:
    """A button: a link, or with `post` a form of its own."""

    url: str
    words: str
    icon: str = "arrow"
    post: bool = False
    busy: str = ""  # what the button says while another site opens
    icon_first: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """kind: none, run, ok, warn, off or bad; `platform` is None while nothing is chosen."""

    kind: str
    icon: str
    caption: str
    product: str
    platform: Software | None = None
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scene is made of."""

    company: Company
    connection: Connection | None
    state: State
    product: str
    user: User
    now: datetime

    @property
    def software(self) -> Software:
        assert self.connection is not None
        return software_of(self.connection)

    @property
    def names(self) -> dict[str, str]:
        """The placeholders that most sentences need."""
        return {"platform": self.software.name, "product": self.product, "email": self.user.email}

    def bridge(self, kind: str, icon: str, caption: str) -> Bridge:
        organisation = self.connection.organisation if self.connection else ""
        return Bridge(kind, icon, caption, self.product, self.software, organisation)

    def at(self, name: str) -> str:
        return reverse(name, args=[self.company.ref])

    def reconnect(self, words: str, icon: str = "external", *, icon_first: bool = False) -> Action:
        busy = _("Opening %(platform)s…") % self.names
        return Action(self.at("reconnect"), words, icon, post=True, busy=busy, icon_first=icon_first)

    def to_product(self) -> Action | None:
        url = brand.product_url(self.company.product)
        return Action(url, _("Go to %(product)s") % self.names) if url else None


@dataclass(frozen=True, slots=True)
class Scene:
    """`page` names the template of the connection page; `steps` the present one of four, 0 for none."""

    page: str
    title: str
    lead: str
    bridge: Bridge
    action: Action | None
    state: State
    steps: int = 0
    note: str = ""  # beside the button

    @property
    def has_own_page(self) -> bool:
        """Whether the connection's page says more of it than home and the choice of software do."""
        return self.page not in ("none", "gone", "chosen")


def scene_of(company: Company, user: User, now: datetime | None = None) -> tuple[Scene, Facts]:
    """The scene of a company whose `accounting` connections are at hand."""
    moment = now or timezone.now()
    connection = current_of(queries.accounting_of(company))
    state = state_of(
        connection, accepted=company.accepted_at is not None, invited=company.invited_at is not None, now=moment
    )
    facts = Facts(company, connection, state, brand.product_name(company.product), user, moment)
    return SCENES[state](facts), facts


def is_gone(company: Company) -> bool:
    """Whether there was a connection, and Codat no longer has it: somebody removed it outside this site."""
    newest = queries.newest(company)
    return queries.current(company) is None and newest is not None and newest.status == Status.DELETED


def _none(facts: Facts) -> Scene:
    bridge = Bridge("none", "plus", _("Not connected yet"), facts.product)
    choose = Action(facts.at("choose"), _("Choose your software"))
    if is_gone(facts.company) and not was_dropped(facts.company):
        title = _("This connection no longer exists.")
        lead = _("It was removed outside this site. You can connect again.")
        return Scene("gone", title, lead, bridge, choose, facts.state)
    title = _("Connect your accounting software")
    return Scene("none", title, value(facts), bridge, choose, facts.state, note=_("Most people need 3 minutes."))


def was_dropped(company: Company) -> bool:
    """Whether the newest connection was never finished: then its end is no news to the customer."""
    newest = queries.newest(company)
    return newest is not None and newest.linked_at is None and company.gone_at is None


def value(facts: Facts) -> str:
    """What connecting is good for."""
    names = {"product": facts.product}
    if is_expenses(facts.company.product):
        return _("Your card expenses go into your books, in the right category. Nothing to type twice.")
    return (
        _(
            "Your bills and suppliers appear in %(product)s, and every payment is noted in your books. "
            "Nothing to type twice."
        )
        % names
    )


def _pending(facts: Facts) -> Scene:
    connection = facts.connection
    assert connection is not None
    if connection.left_at is None or not connection.can_relink:
        return _chosen(facts)
    stopped = (
        connection.returned_at if connection.returned_at and connection.returned_at >= connection.left_at else None
    )
    caption = (
        _("Not connected. Stopped at %(time)s.") % {"time": dates.clock(stopped)} if stopped else _("Not connected")
    )
    lead = _("Nothing was shared and nothing has changed. You can carry on when you like.")
    again = facts.reconnect(_("Try again with %(platform)s") % facts.names)
    bridge = facts.bridge("off", "pause", caption)
    return Scene("stopped", _("You stopped before the end"), lead, bridge, again, facts.state, steps=3)


def _chosen(facts: Facts) -> Scene:
    """Chosen, by the customer or for them, and nobody has been at Link yet."""
    slug = facts.software.slug
    url = reverse("before", args=[facts.company.ref, slug]) if slug else facts.at("choose")
    bridge = facts.bridge("off", "circle", _("Not connected yet"))
    title = _("Before you start with %(platform)s") % facts.names
    return Scene("chosen", title, "", bridge, Action(url, _("Finish connecting")), facts.state, steps=2)


def _failed(facts: Facts) -> Scene:
    connection = facts.connection
    assert connection is not None
    when = {"date": dates.day(connection.failed_at), "time": dates.clock(connection.failed_at)}
    lead = _("%(platform)s or Codat sent back an error on %(date)s at %(time)s. Nothing was shared.")
    again = facts.reconnect(_("Try again"), "refresh", icon_first=True)
    if connection.returned_code == NOT_SUPPORTED_BY_CODAT:
        again = Action(facts.at("choose"), _("Choose other software"))
    bridge = facts.bridge("bad", "cross", _("Not connected"))
    title = _("The connection did not go through")
    return Scene("problem", title, lead % (facts.names | when), bridge, again, facts.state, steps=3)


def _checking(facts: Facts) -> Scene:
    names = facts.names
    lead = _("This usually takes less than a minute. You can leave this page: nothing will be lost.")
    check = Action(facts.at("check"), _("Check again"), "refresh", post=True, icon_first=True)
    bridge = facts.bridge("run", "clock", _("Checking with %(platform)s") % names)
    title = _("Finishing the connection to %(platform)s") % names
    return Scene("checking", title, lead, bridge, check, facts.state, steps=3)


def _reading(facts: Facts) -> Scene:
    lead = _(
        "We are reading your books for the first time. You can close this page: we will email %(email)s when it is "
        "done."
    )
    is_waiting = facts.state == State.WAITING_PC
    bridge = facts.bridge("run" if is_waiting else "ok", "pause" if is_waiting else "check", _since(facts))
    return Scene("reading", _connected(facts), lead % facts.names, bridge, facts.to_product(), facts.state, steps=4)


def _connected(facts: Facts) -> str:
    return _("%(platform)s is connected") % facts.names


def _since(facts: Facts) -> str:
    assert facts.connection is not None
    at = facts.connection.linked_at
    return _("Connected since %(time)s on %(date)s") % {"date": dates.day(at), "time": dates.clock(at)}


def _last_read(facts: Facts) -> str:
    """The caption of a connected one; since when, where Codat keeps no data and so there is no last read."""
    assert facts.connection is not None
    at = facts.connection.last_read_at
    if at is None or not TABLES[facts.company.product].reads_are_stored:
        return _since(facts)
    return _("Last read: %(date)s, %(time)s") % {"date": dates.day(at), "time": dates.clock(at)}


def _permission(facts: Facts) -> Scene:
    again = facts.reconnect(_("Reconnect %(platform)s") % facts.names)
    bridge = facts.bridge("ok", "check", _last_read(facts))
    return Scene("connected", _connected(facts), "", bridge, again, facts.state)


def _linked(facts: Facts) -> Scene:
    lead = _("Everything is up to date.") if _is_well(facts) else ""
    bridge = facts.bridge("ok", "check", _last_read(facts))
    return Scene("connected", _connected(facts), lead, bridge, facts.to_product(), facts.state)


def _is_well(facts: Facts) -> bool:
    """Connected, and no notice on the page says or asks otherwise."""
    assert facts.connection is not None
    ends = ends_on(facts)
    if facts.state != State.LINKED or (ends and ends["is_over"]):
        return False
    return another_organisation(facts) is None and not quiet_days(facts.connection, facts.now)


def _expired(facts: Facts) -> Scene:
    names = facts.names | {"date": dates.day(ended_at(facts))}
    lead = _(
        "Our access ended on %(date)s. It happens when a password changes, when access is removed in %(platform)s, "
        "or when its time limit is reached."
    )
    again = facts.reconnect(_("Reconnect %(platform)s") % names)
    bridge = facts.bridge("warn", "triangle", _("Access ended on %(date)s") % names)
    title = _("%(platform)s needs your approval again") % names
    note = _("About 2 minutes. Same organisation, no new settings.")
    return Scene("expired", title, lead % names, bridge, again, facts.state, note=note)


def ended_at(facts: Facts) -> datetime | None:
    """When access ended: a read that says so while the status is still Linked came later than the status."""
    connection = facts.connection
    assert connection is not None
    told = [read["at"] for read in connection.reads.values() if read.get("status") == "AuthError" and "at" in read]
    return datetime.fromisoformat(min(told)) if connection.is_linked and told else connection.status_at


def _unlinked(facts: Facts) -> Scene:
    connection = facts.connection
    assert connection is not None
    at = connection.let_go_at or connection.status_at
    names = facts.names | {"date": dates.day(at), "time": dates.clock(at)}
    bridge = facts.bridge("off", "broken", _("Disconnected on %(date)s at %(time)s") % names)
    again = facts.reconnect(_("Reconnect %(platform)s") % names)
    title = _("%(platform)s is disconnected") % names
    return Scene("disconnected", title, "", bridge, again, facts.state)


SCENES: dict[State, Callable[[Facts], Scene]] = {
    State.NEW: _none,
    State.INVITED: _none,
    State.SIGNED_IN: _none,
    State.PENDING: _pending,
    State.FAILED: _failed,
    State.CHECKING: _checking,
    State.READING: _reading,
    State.WAITING_PC: _reading,
    State.PARTIAL: _linked,
    State.PERMISSION: _permission,
    State.LINKED: _linked,
    State.EXPIRED: _expired,
    State.UNLINKED: _unlinked,
}


def is_slow(facts: Facts) -> bool:
    """Back from Link for more than two minutes, and still not confirmed."""
    back = facts.connection.returned_at if facts.connection else None
    return back is not None and facts.now - back > SLOW_AFTER


def is_slow_read(facts: Facts) -> bool:
    """The first read has lasted longer than large books take; staff have it on their list by now."""
    since = facts.connection.linked_at if facts.connection else None
    return since is not None and facts.now - since > SLOW_READ_AFTER


def another_organisation(facts: Facts) -> dict[str, str] | None:
    """The name read back and the one expected, if they differ and the customer has not said which is right."""
    connection = facts.connection
    if connection is None or not connection.is_linked or not connection.organisation or connection.organisation_kept_at:
        return None
    expected = connection.organisation_was or facts.company.name
    if not is_another_organisation(connection.organisation, expected):
        return None
    return {"org": connection.organisation, "expected": expected}


def first_read(facts: Facts) -> tuple[int, int]:
    """(done, total) of the first read."""
    return progress(facts.connection.reads, wanted(facts.company)) if facts.connection else (0, 0)


def ends_on(facts: Facts) -> dict[str, Any] | None:
    """When this kind of connection ends, if Codat has said so."""
    table = TABLES[facts.company.product]
    if table.ends_on is None or facts.connection is None:
        return None
    return {"date": dates.day(table.ends_on), "is_over": table.has_ended(timezone.localdate(facts.now))}


def is_quickbooks_desktop(facts: Facts) -> bool:
    return facts.connection is not None and facts.connection.platform_key == QUICKBOOKS_DESKTOP
