"""Doors that may be for certain networks alone: staff's, and the one where Codat knocks."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Networks = list[IPv4Network | IPv6Network]


class KnownNetworks:
    """404 for who is not on the list; without one, everybody may knock. portal.proxy has said before who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.doors: dict[str, Networks] = {
            "/admin/": [ip_network(text) for text in settings.STAFF_NETWORKS],
            "/webhooks/": [ip_network(text) for text in settings.WEBHOOK_NETWORKS],
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for door, networks in self.doors.items():
            if networks and request.path.startswith(door) and not _is_in(request.META.get("REMOTE_ADDR", ""), networks):
                return HttpResponse(status=404)
        return self.get_response(request)


def _is_in(address: str, networks: Networks) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
