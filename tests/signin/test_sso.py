"""Company single sign-on lets in staff whose account exists here, by a verified address, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from onboarding.models import User
from tests.signin.doors import is_signed_in
from tests.signin.provider import Provider

DOOR = "/admin/sso/oidc/staff/login/"


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    server = Provider()
    settings.OIDC_SERVER_URL = server.url
    app = {
        "provider_id": "staff",
        "name": "Company sign-in",
        "client_id": "portal",
        "secret": "s",
        "settings": {"server_url": server.url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
    yield server
    server.stop()


def come_in(client: Client, next_path: str = ""):
    """Press the button, be let through by the provider, and come back."""
    leave = client.post(f"{DOOR}?next={next_path}" if next_path else DOOR)
    asked = parse_qs(urlsplit(leave["Location"]).query)
    assert asked["redirect_uri"] == [f"http://testserver{DOOR}callback/"]
    return client.get(f"{DOOR}callback/", {"code": "once", "state": asked["state"][0]})


def test_staff_come_in_and_go_on(client: Client, sam: User, provider: Provider):
    provider.person = {"sub": "1", "email": "Sam@Alderway.example", "email_verified": True}

    assert come_in(client, "/admin/auth/")["Location"] == "/admin/auth/"

    assert is_signed_in(client)
    client.post("/sign-out/")
    assert come_in(client)["Location"] == "/admin/"
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "person",
    [
        {"email": "sam@alderway.example", "email_verified": False},
        {"email": "sam@alderway.example", "email_verified": "false"},
        {"email": "sam@alderway.example"},
        {"email": "new@alderway.example", "email_verified": True},
        {"email": "ana@marlow.example", "email_verified": True},
        {},
    ],
)
def test_nobody_else_does(client: Client, sam: User, ana: User, provider: Provider, person: dict[str, object]):
    provider.person = {"sub": "2", **person}

    answer = come_in(client)

    assert answer["Location"] == "/admin/sso/refused/"
    assert "Single sign-on was refused" in client.get(answer["Location"]).content.decode()
    assert not is_signed_in(client)
    assert User.objects.count() == 2


def test_somebody_who_left_is_refused_next_time(client: Client, sam: User, provider: Provider):
    provider.person = {"sub": "1", "email": sam.email, "email_verified": True}
    come_in(client)
    User.objects.filter(pk=sam.pk).update(is_staff=False)

    assert come_in(Client())["Location"] == "/admin/sso/refused/"


def test_button_is_there_only_with_a_provider(client: Client, db: None, settings):
    assert "Company sign-in" not in client.get("/admin/login/").content.decode()
    settings.OIDC_SERVER_URL = "https://login.example"

    page = client.get("/admin/login/")

    assert "Company sign-in" in page.content.decode()
    assert "form-action 'self' https:" in page["Content-Security-Policy"]


def test_provider_stands_in_for_the_second_factor(client: Client, sam: User, provider: Provider, settings):
    settings.STAFF_SECOND_FACTOR = True
    User.objects.filter(pk=sam.pk).update(is_superuser=True)
    provider.person = {"sub": "1", "email": sam.email, "email_verified": True}
    come_in(client)

    assert client.get("/admin/").status_code == 200
