"""The way back to the client: its redirect template, filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from sandbox.links import Visit
from sandbox.shapes import describe

if TYPE_CHECKING:
    from sandbox.world import World

# Only these tell the name of the accounting file.
NAMING_PLATFORMS = {"trji", "akxx", "qhyg", "knfz", "gbol"}
_PARAMETER = re.compile(r"\{([A-Za-z0-9_.]+)\}")


@dataclass(frozen=True)
class Outcome:
    """How a visit ended: Codat's code, its standard message, and the software's own words."""

    code: int
    message: str = ""
    text: str = ""


LINKED = Outcome(200)
NOTHING_DONE = Outcome(201)
CANCELLED = Outcome(403, "User cancelled", "User cancelled linking")
FAILED = Outcome(500, "Unknown error occurred", "The software did not answer.")
ALREADY_ANOTHER = Outcome(500, "Unknown error occurred", "The company has an active accounting connection.")
NOT_SUPPORTED = Outcome(501, "Not supported", "This platform is not supported.")


def address(world: World, visit: Visit, outcome: Outcome) -> str:
    """The redirect address; "" when the client has none. Names are case-sensitive, an unknown one becomes empty."""
    values = visit.parameters | _reserved(world, visit, outcome)
    template = str(world.profile["redirectUrl"])
    return _PARAMETER.sub(lambda match: quote(values.get(match[1], ""), safe=""), template)


def _reserved(world: World, visit: Visit, outcome: Outcome) -> dict[str, str]:
    values = {
        "clientId": world.client_id,
        "companyId": visit.company_id,
        "statusCode": str(outcome.code),
        "errorMessage": outcome.message,
        "statusText": outcome.text,
    }
    connection = world.store.connections.get(visit.connection_id)
    if connection is None or outcome is NOTHING_DONE:
        return values  # nothing is told about a connection when nothing was done
    name, source_type, (integration_id, source_id) = describe(connection)
    values |= {"connectionId": connection.id, "integrationId": integration_id, "sourceId": source_id}
    values |= {"platform": connection.platform_key, "platformName": name, "sourceType": source_type}
    if outcome is LINKED and connection.platform_key in NAMING_PLATFORMS:
        values["data.company.companyName"] = connection.organisation or ""
    return values
