"""Nobody is sent to another site, whatever stands in `next`, and to Codat's own hosts alone for Link."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from onboarding.usecases import signin
from tests.kit import Sandbox
from tests.security.world import PASSWORD, World
from tests.signin.doors import CODE, ask, enter, letters
from tests.signin.test_next import TRICKS as PATHS

# What a browser drops from an address before it reads it, and what it turns round.
DROPPED = re.compile(r"[\t\r\n]|^[\x00-\x20]+")
TRICKS = [trick for trick in PATHS if trick] + [
    "/%09/evil.example",
    "/%2f/evil.example",
    "//evil%E3%80%82example",
    "/%5C%5Cevil.example",
]


def leads_away(location: str) -> bool:
    """Whether a browser that is told this address leaves the site, as the URL standard of browsers reads it."""
    told = DROPPED.sub("", location).replace("\\", "/")
    return told.startswith("//") or re.match(r"[a-z][a-z0-9+.-]*:", told, re.IGNORECASE) is not None


def test_this_test_can_tell():
    assert [
        trick for trick in ("//e", "/\\e", "\t//e", "https:e", "javascript:1", "/\t/e") if not leads_away(trick)
    ] == []
    assert not leads_away("/c/A/?u=http://x/")


def _sign_in_form(the: World, trick: str) -> Any:
    return ask(Client(), "ana@marlow.example", trick)


def _code_form(the: World, trick: str) -> Any:
    client = Client()
    ask(client, "ana@marlow.example")
    return enter(client, next(found[1] for letter in letters()[::-1] if (found := CODE.search(letter.body))), trick)


def _signed_in_already(the: World, trick: str) -> Any:
    return the.browser("owner").get(f"/sign-in/?next={quote(trick)}")


def _mailed_link(the: World, trick: str) -> Any:
    return Client().post(signin.link_for(the.person("owner"), trick).removeprefix("http://testserver"))


def _language(the: World, trick: str) -> Any:
    return the.browser("owner").post("/language/", {"language": "fr", "next": trick})


def _sign_out(the: World, trick: str) -> Any:
    return the.browser("stranger").post(f"/sign-out/?next={quote(trick)}", {"next": trick})


def _staff_door(the: World, trick: str) -> Any:
    return Client().post("/admin/login/", {"login": "root@alderway.example", "password": PASSWORD, "next": trick})


def _staff_in_already(the: World, trick: str) -> Any:
    return the.browser("superuser").get(f"/admin/login/?next={quote(trick)}")


def _staff_out(the: World, trick: str) -> Any:
    return the.browser("Auditor").post(f"/admin/cancel/?next={quote(trick)}", {"next": trick})


def _ask_again(the: World, trick: str) -> Any:
    return the.browser("superuser").post(
        f"/admin/reauthenticate/?next={quote(trick)}", {"password": PASSWORD, "next": trick}
    )


def _form_of_nobody(the: World, trick: str) -> Any:
    return Client().post("/c/MSB-1234/connection/check/", headers={"Referer": _line(trick)})


def _fragment_of_nobody(the: World, trick: str) -> Any:
    return Client().get("/companies/", headers={"HX-Request": "true", "HX-Current-URL": _line(trick)})


def _line(trick: str) -> str:
    return trick.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "").replace("\x00", "")


WAYS = [
    _sign_in_form,
    _code_form,
    _signed_in_already,
    _mailed_link,
    _language,
    _sign_out,
    _staff_door,
    _staff_in_already,
    _staff_out,
    _ask_again,
    _form_of_nobody,
    _fragment_of_nobody,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_no_trick_leads_away(the_world: World, settings, way: Callable[[World, str], Any]):
    settings.ACCOUNT_RATE_LIMITS = False
    found = {}
    for trick in TRICKS:
        answer = way(the_world, trick)
        locations = [answer.get(name, "") for name in ("Location", "HX-Redirect", "HX-Location", "Refresh")]
        hidden = re.findall(r'name="next"[^>]*value="([^"]*)"', answer.content.decode())
        if answer.status_code >= 500 or any(leads_away(place) for place in locations + hidden):
            found[trick] = (answer.status_code, locations)

    assert found == {}


def test_page_asked_for_comes_back_whatever_it_is_called(client: Client, db: None):
    """The page before sign-in is carried in an address too: it is quoted, and stays a path."""
    for trick in TRICKS:
        path = "/" + quote(trick, safe="/:@\\?=&")
        answer = client.get(path)
        assert answer.status_code < 500
        assert not leads_away(answer.get("Location", "")), trick


A_CONNECTION = {
    "id": "2baba1a1-7d4b-4b0a-8b5e-1d6ad8f6a6c1",
    "integrationId": "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
    "integrationKey": "gbol",
    "sourceId": "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
    "platformName": "Xero",
    "sourceType": "Accounting",
    "status": "PendingAuth",
    "created": "2026-11-20T10:00:00Z",
}


@pytest.mark.parametrize(
    ("link_url", "is_codats"),
    [
        ("https://link.codat.io/x?otp=1", True),
        ("https://evil.example/", False),
        ("http://link.codat.io/x", False),
        ("https://codat.io.evil.example/", False),
        ("https://codat.io@evil.example/", False),
        ("javascript:alert(1)", False),
        ("//evil.example", False),
    ],
)
def test_browser_is_sent_to_codat_alone(sandbox: Sandbox, the_world: World, link_url: str, is_codats: bool):
    """A Codat that answers with another link, or somebody between: the customer stays here, with words."""
    shop = the_world.values["shop"]
    sandbox.next_answer(200, path="/connections", times=None, body={**A_CONNECTION, "linkUrl": link_url})

    answer = the_world.browser("owner").post(f"/c/{shop.ref}/connect/xero/go/")

    assert answer.status_code == 303
    assert (answer["Location"] == link_url) is is_codats
    assert leads_away(answer["Location"]) is is_codats
