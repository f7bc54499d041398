"""Connections that a file asks for: made at Codat beforehand, for the customer to finish."""

from threading import Lock

from ... import queries
from ...actors import Actor
from ...models import Company, PlatformState
from ...platforms import name_of
from ...wiring import Errand
from .. import connections, platforms

_one_asks = Lock()


def link(company: Company, platform_key: str, *, by: Actor) -> str:
    """Have an unfinished connection to the platform, and say how it stands. Whatever a customer chose stays.

    Raises NotOffered, PlatformPaused, StillWorking or a CodatError; the intent stays stored.
    """
    current = queries.current(company)
    name = name_of(platform_key)
    if current is not None and (current.codat_id or current.platform_key != platform_key):
        told = current.software_name
        return f"It has a connection to {told} already."
    _know_platforms()
    connections.prepare(company, platform_key, by=by, errand=Errand.BACKGROUND)
    return f"Its connection to {name} waits for the customer."


def _know_platforms() -> None:
    """What Codat has switched on is asked once, and not by every thread."""
    with _one_asks:
        if not PlatformState.objects.exists():
            platforms.refresh_enabled(Errand.BACKGROUND)
