"""Link addresses with their one-time passwords, and who is at Link right now."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.clock import DAY_SECONDS
from sandbox.store import Company, Connection

if TYPE_CHECKING:
    from sandbox.world import World

# Each read makes a new password and the older ones stay valid; more than this nobody keeps open.
MOST_PASSWORDS = 50


@dataclass(slots=True)
class Visit:
    """A customer at Link, from the click on a link address to the way back."""

    id: str
    company_id: str
    connection_id: str = ""  # "" while the customer still chooses the platform
    parameters: dict[str, str] = field(default_factory=dict)  # of the link address, for the redirect template


class Links:
    """Makes link addresses and takes their passwords back, once each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.visits: dict[str, Visit] = {}

    def company_url(self, company: Company, *, with_password: bool = True) -> str:
        url = f"{self._base(self._world.settings.link_host)}/company/{company.id}"
        if not (with_password and self._world.settings.one_time_links):
            return url
        return f"{url}?link.otp={self._new_password(company)}"

    def connection_url(self, connection: Connection, *, with_password: bool = True) -> str:
        base = self._base(self._world.settings.link_host)
        url = f"{base}/companies/{connection.company_id}/connections/{connection.id}/start"
        if connection.is_partner or not (with_password and self._world.settings.one_time_links):
            return url
        return f"{url}?otp={self._new_password(connection)}"

    def redeem(self, owner: Company | Connection, password: str) -> bool:
        """Whether this address may be opened; its password is used up by that."""
        if not self._world.settings.one_time_links:
            return True
        made_at = (owner.passwords or {}).pop(password, None)
        return made_at is not None and self._world.clock.seconds() - made_at < DAY_SECONDS

    def begin(self, company_id: str, connection_id: str, parameters: dict[str, str]) -> Visit:
        visit = Visit(secrets.token_urlsafe(18), company_id, connection_id, parameters)
        self.visits[visit.id] = visit
        return visit

    def visit_url(self, visit: Visit) -> str:
        """Where the visit goes on: the software's own page, perhaps under another host name."""
        return f"{self._base(self._world.settings.software_host)}/link/{visit.id}"

    def _base(self, host: str) -> str:
        """The sandbox's own address, under another host name if one is set."""
        if not host:
            return self._world.public_url
        parts = urlsplit(self._world.public_url)
        return f"{parts.scheme}://{host}:{parts.port}"

    def _new_password(self, owner: Company | Connection) -> str:
        password = f"{secrets.randbelow(1_000_000):06d}"
        kept = owner.passwords = owner.passwords if owner.passwords is not None else {}
        kept[password] = self._world.clock.seconds()
        if len(kept) > MOST_PASSWORDS:
            del kept[next(iter(kept))]
        return password
