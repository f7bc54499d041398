"""Nobody is sent to another site after sign-in, whatever tricks the address plays."""

from __future__ import annotations

import pytest
from django.test import Client

from onboarding.models import User
from onboarding.usecases import signin
from tests.signin.doors import ask, enter, mailed_code

TRICKS = [
    "https://evil.example/",
    "http://evil.example",
    "HTTPS://EVIL.EXAMPLE/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\/evil.example/",
    "\\\\evil.example/",
    "/\\/evil.example/",
    "/%5cevil.example\\..",
    "http:evil.example",
    "http:/evil.example",
    "https:///evil.example",
    "//evil.example@testserver/",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://testserver:80@evil.example/",
    "//testserver@evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\tjavascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "\x01https://evil.example/",
    " //evil.example/",
    "\t//evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/\r\nLocation: https://evil.example/",
    "/\x00/evil.example/",
    "/.//evil.example/",
    "/..//evil.example/",
    "/\u2028/evil.example/",
    "\u200b//evil.example/",
    "http://ｅvil.example/",
    "//evil。example/",
    "http://[::1]/",
    "//[::1",
    "evil.example",
    "../admin/",
    "?next=//evil.example",
    "#//evil.example",
    "",
    "/sign-in/?next=/",
    "/sign-out/",
    "/invite/abc/",
]
OURS = [
    "/",
    "/c/MSB-4821/",
    "/return/?statusCode=200&errorMessage=a%20b",
    "/companies/?page=2#end",
    "/c/A/?u=http://x/",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_trick_leads_nowhere(trick: str):
    assert signin.safe_next(trick) == ""


@pytest.mark.parametrize("path", OURS)
def test_page_of_ours_is_kept(path: str):
    assert signin.safe_next(path) == path


def test_trick_in_the_form_lands_at_home(client: Client, ana: User):
    for trick in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        ask(client, "ana@marlow.example", trick)
        assert enter(client, mailed_code(), trick)["Location"] == "/"
        client.post("/sign-out/")


def test_long_query_is_dropped_from_a_link_and_never_cut(ana: User):
    url = signin.link_for(ana, "/return/?errorMessage=" + "x" * 400)

    token = url.split("/")[-2]
    assert signin.read_link(token).next_path == "/return/"
