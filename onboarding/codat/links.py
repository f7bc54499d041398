"""Link URLs: kept out of every text by accident, and checked before a browser is sent to one."""

import re
from ipaddress import AddressValueError, IPv4Address
from typing import NoReturn

from .errors import Garbled

MAX_LENGTH = 4096  # longer than any Link URL seen, shorter than what servers take in a header

# Stricter than any URL parser on purpose. Browsers repair what they get (a backslash, a tab,
# a full-width dot), parsers disagree about the rest; what is left here is read alike by all.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[::1\]|(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?#][!#-;=?-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)


class LinkUrl:
    """A Link URL, perhaps with a one-time password: single use, so whoever sees it can spoil it.

    Its text appears through `reveal()` only; printing, formatting, logging and pickling do not show it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinkUrl) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "<link url>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a link URL is not to be stored")  # nor to travel to a broker or a cache

    def __copy__(self) -> "LinkUrl":
        return self

    def __deepcopy__(self, memo: object) -> "LinkUrl":
        return self


def check_link(url: LinkUrl | str, base_url: str) -> str:
    """The text of `url`, if a browser may be sent there. Raises Garbled if not.

    Allowed: https on codat.io and below; https on the host of `base_url`; http and https
    on any loopback address, whatever its port, while `base_url` is a loopback address itself.
    """
    text = url.reveal() if isinstance(url, LinkUrl) else url
    parts = _ADDRESS.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if parts is None or int(parts["port"] or 0) > 65535:
        raise Garbled(reason="link not readable")
    host, home = parts["host"].lower(), host_of(base_url)
    if is_loopback(host):
        allowed = is_loopback(home)
    elif parts["scheme"].lower() != "https":
        allowed = False
    elif _is_codat(host):
        allowed = parts["port"] in (None, "443")
    else:
        allowed = host == home
    if not allowed:
        raise Garbled(reason="link to elsewhere")
    return text


def host_of(url: str) -> str:
    """The host of an http(s) address, lower case; "" if the address is not one we would use."""
    parts = _ADDRESS.fullmatch(url)
    return parts["host"].lower() if parts else ""


def is_loopback(host: str) -> bool:
    """Whether the name or address stays on this machine."""
    if host in ("localhost", "[::1]") or host.endswith(".localhost"):
        return True
    try:
        return IPv4Address(host).is_loopback
    except AddressValueError:
        return False


def _is_codat(host: str) -> bool:
    return host == "codat.io" or host.endswith(".codat.io")
