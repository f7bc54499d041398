"""A company of Codat's list, read no further than it takes to see whether anything about it is new.

All but a few of a list are as we know them, and to read each as a whole costs more than to fetch the list.
"""

import re
from operator import itemgetter
from typing import NamedTuple

from .answers import Company
from .fields import Json, as_object

_is_id = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_COMPANY = itemgetter("id", "name", "products", "tags", "dataConnections")
_CONNECTION = itemgetter("id", "status", "sourceType")


class Sighting(NamedTuple):
    """A connection of a glimpse; `id` in hexadecimal digits alone."""

    id: str
    status: str
    source_type: str


class Glimpse(NamedTuple):
    """What `Company` says, as far as it goes. `id` in hexadecimal digits alone; `has_uid`: it is tagged with one."""

    id: str
    name: str
    products: tuple[str, ...]
    has_uid: bool
    connections: tuple[Sighting, ...]
    has_every_connection: bool
    told: Json

    @classmethod
    def from_json(cls, told: object) -> "Glimpse":
        """Raises Garbled where `Company.from_json` does."""
        told = as_object(told, "company")
        return _usual(told) or _unusual(told)

    def whole(self) -> Company:
        return Company.from_json(self.told)


def _usual(told: Json) -> Glimpse | None:
    """Of an entry as Codat writes nearly all; None for any other."""
    try:
        codat_id, name, products, tags, listed = _COMPANY(told)
        if not (_is_id(codat_id) and name and isinstance(name, str)):
            return None
        if not (isinstance(products, list) and isinstance(tags, dict) and isinstance(listed, list)):
            return None
        connections = []
        for each in listed:
            connection_id, status, source_type = _CONNECTION(each)
            if not (_is_id(connection_id) and status and isinstance(status, str) and isinstance(source_type, str)):
                return None
            connections.append(Sighting(connection_id.replace("-", ""), status, source_type))
    except (KeyError, TypeError):  # something is missing, or no text
        return None
    names = tuple([each for each in products if isinstance(each, str)])
    has_uid = isinstance(tags.get("uid"), str)
    return Glimpse(codat_id.replace("-", ""), name, names, has_uid, tuple(connections), True, told)


def _unusual(told: Json) -> Glimpse:
    whole = Company.from_json(told)
    return Glimpse(
        id=whole.id.hex,
        name=whole.name,
        products=whole.products,
        has_uid="uid" in whole.tags,
        connections=tuple(Sighting(each.id.hex, each.status, each.source_type) for each in whole.connections),
        has_every_connection=whole.has_every_connection,
        told=told,
    )
