"""Who asked, when a proxy stands before us: forwarded headers count from listed proxies only."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_FORWARDED",
)
SOCKET = "unix"  # a proxy on this machine that talks to us through a socket file


class TrustedProxy:
    """Takes the client's address from a listed proxy's X-Forwarded-For, and drops what anybody else forwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.networks = [ip_network(text) for text in settings.TRUSTED_PROXY if text != SOCKET]
        self.trusts_socket = SOCKET in settings.TRUSTED_PROXY

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        if self._trusts(meta.get("REMOTE_ADDR", "")):
            meta["REMOTE_ADDR"] = self._client(meta.get("HTTP_X_FORWARDED_FOR", "")) or meta.get("REMOTE_ADDR", "")
        else:
            for name in FORWARDED:
                meta.pop(name, None)
        return self.get_response(request)

    def _trusts(self, address: str) -> bool:
        if not address:
            return self.trusts_socket
        try:
            return _is_in(address, self.networks)
        except ValueError:
            return False

    def _client(self, forwarded: str) -> str:
        """The last address that is not a proxy of ours: those before it are hearsay."""
        for address in reversed([part.strip() for part in forwarded.split(",")]):
            try:
                if not _is_in(address, self.networks):
                    return address
            except ValueError:
                return ""
        return ""


def _is_in(address: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    """Raises ValueError for what is not an address."""
    return any(ip_address(address) in network for network in networks)
