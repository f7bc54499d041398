"""What a request says of its host and of its sender is believed only as far as the settings say."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.security.world import World
from tests.signin.doors import letters

FORGED = [
    {"Host": "evil.example"},
    {"Host": "testserver.evil.example"},
    {"Host": "evil.example:80"},
    {"Host": "testserver@evil.example"},
    {"Host": "[::1]"},
]
ALSO_FORGED = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Server": "evil.example"},
    {"Forwarded": "host=evil.example"},
    {"X-Host": "evil.example"},
    {"X-Original-URL": "/admin/"},
    {"X-Rewrite-URL": "/admin/"},
    {"Host": "localhost"},  # allowed, and still not the public address
]


@pytest.mark.parametrize("headers", FORGED, ids=lambda told: next(iter(told.values())))
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/admin/login/", "/no/such/", "/return/"])
def test_unknown_host_gets_nothing(client: Client, db: None, headers: dict[str, str], path: str):
    answer = client.get(path, headers=headers)

    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "127.0.0.1", "evil.example"])
def test_whoever_watches_asks_by_any_name(client: Client, db: None, settings, host: str):
    """A container's own check and a balancer's know the machine's address alone."""
    settings.METRICS_TOKEN = "only-for-tests-metrics"
    asked = {
        path: client.get(path, headers={"Host": host, "Authorization": "Bearer only-for-tests-metrics"})
        for path in ("/healthz", "/readyz", "/metrics")
    }

    assert {path: answer.status_code for path, answer in asked.items()} == {
        "/healthz": 200,
        "/readyz": 503,
        "/metrics": 200,
    }
    assert "evil" not in "".join(answer.text + str(answer.headers) for answer in asked.values())


def test_mails_name_the_configured_address_alone(the_world: World, settings):
    """Sign-in, a new password and a colleague's link: never the request's own host."""
    settings.ACCOUNT_RATE_LIMITS = False
    bakery = the_world.values["bakery"]
    for number, headers in enumerate(ALSO_FORGED[:4] + ALSO_FORGED[-1:]):
        ask_with = Client(headers=headers)
        ask_with.post("/sign-in/", {"email": "ana@marlow.example"})
        ask_with.post("/admin/password-reset/", {"email": "root@alderway.example"})
        told = {"email": f"x{number}@y.example"}
        the_world.browser("owner").post(f"/c/{bakery.ref}/share/", told, headers=headers)

    sent = [letter.body + str(letter.alternatives) for letter in letters()]

    assert len(sent) >= 12
    assert all("http://testserver/" in text for text in sent)
    assert not [text for text in sent if "evil" in text or "localhost" in text]


def test_page_does_not_repeat_a_forged_host(client: Client, db: None):
    for headers in ALSO_FORGED:
        answer = client.get("/sign-in/", headers=headers)
        assert "evil" not in answer.content.decode() + str(answer.headers)


def _tries(client: Client, headers: list[dict[str, str]]) -> list[int]:
    return [client.post("/sign-in/", {"email": "ana@marlow.example"}, headers=told).status_code for told in headers]


def test_forwarded_address_of_a_stranger_buys_no_more_tries(db: None):
    """Thirty a minute from one address; the thirty-first stands before the same door, whatever it claims to be."""
    names = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP", "CF-Connecting-IP")
    codes = []
    for number in range(36):
        name = names[number % len(names)]
        told = {name: f"203.0.113.{number}" if name != "Forwarded" else f"for=203.0.113.{number}"}
        codes.append(Client(headers=told).post("/sign-in/", {"email": f"person{number}@marlow.example"}).status_code)

    assert codes == [303] * 30 + [429] * 6


def test_address_forwarded_by_our_own_proxy_is_counted(db: None, settings):
    settings.TRUSTED_PROXY = ["127.0.0.1"]
    codes = [
        Client(headers={"X-Forwarded-For": f"6.6.6.6, 203.0.113.{number % 2}"})
        .post("/sign-in/", {"email": f"person{number}@marlow.example"})
        .status_code
        for number in range(62)
    ]

    assert codes == [303] * 60 + [429] * 2


def test_scheme_of_a_stranger_is_not_believed(rf, settings):
    from portal.proxy import TrustedProxy

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen = []
    TrustedProxy(lambda request: seen.append(request.is_secure()))(rf.get("/", headers={"X-Forwarded-Proto": "https"}))

    assert seen == [False]


@pytest.fixture
def from_the_office(settings) -> None:
    settings.STAFF_NETWORKS, settings.WEBHOOK_NETWORKS = ["192.0.2.0/24"], ["198.51.100.7"]


@pytest.mark.parametrize(
    ("path", "address", "code"),
    [
        ("/admin/login/", "192.0.2.9", 200),
        ("/admin/login/", "203.0.113.1", 404),
        ("/admin/", "203.0.113.1", 404),
        ("/webhooks/codat/", "198.51.100.7", 400),
        ("/webhooks/codat/", "192.0.2.9", 404),
        ("/sign-in/", "203.0.113.1", 200),
    ],
)
def test_networks_of_staff_and_of_codat_may_be_listed(
    db: None, from_the_office: None, path: str, address: str, code: int
):
    client = Client(REMOTE_ADDR=address)
    told = client.post(path, b"{}", content_type="application/json") if "webhooks" in path else client.get(path)

    assert told.status_code == code


def test_no_list_means_no_limit(client: Client, db: None):
    assert client.get("/admin/login/", REMOTE_ADDR="203.0.113.1").status_code == 200
