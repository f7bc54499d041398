import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.proxy import TrustedProxy


@pytest.fixture
def seen(rf: RequestFactory, settings):
    """The request as views see it, behind the trusted networks given."""

    def through(trusted: list[str], remote: str, **headers: str):
        settings.TRUSTED_PROXY = trusted
        requests = []
        middleware = TrustedProxy(lambda request: requests.append(request) or HttpResponse())
        middleware(rf.get("/", REMOTE_ADDR=remote, headers=headers))
        return requests[0]

    return through


def test_address_forwarded_by_a_listed_proxy_counts(seen):
    request = seen(["10.0.0.0/8"], "10.0.0.5", X_Forwarded_For="203.0.113.9")
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"


def test_address_that_a_stranger_forwards_is_dropped(seen):
    request = seen(["10.0.0.0/8"], "198.51.100.7", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
    assert request.META["REMOTE_ADDR"] == "198.51.100.7"
    assert "HTTP_X_FORWARDED_PROTO" not in request.META


def test_hearsay_before_our_own_proxies_is_not_believed(seen):
    request = seen(["10.0.0.0/8"], "10.0.0.5", X_Forwarded_For="1.1.1.1, 203.0.113.9, 10.0.0.4")
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"


@pytest.mark.parametrize("forwarded", ["", "not an address", "10.0.0.4"])
def test_nonsense_leaves_the_proxy_s_own_address(seen, forwarded):
    request = seen(["10.0.0.0/8"], "10.0.0.5", X_Forwarded_For=forwarded)
    assert request.META["REMOTE_ADDR"] == "10.0.0.5"


def test_socket_file_is_trusted_only_when_listed(seen):
    assert seen(["unix"], "", X_Forwarded_For="203.0.113.9").META["REMOTE_ADDR"] == "203.0.113.9"
    assert seen([], "", X_Forwarded_For="203.0.113.9").META["REMOTE_ADDR"] == ""
