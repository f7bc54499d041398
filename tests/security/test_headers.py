"""Every answer is graded against one table: which header each kind of page has to carry, and with what value."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path as url

from tests.security import table, table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import path_of
from tests.security.walk import browser
from tests.security.world import World, rows_for_staff

POLICY = {
    "default-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STORED = {"brand.css", "logo/<slug:platform_key>/<slug:digest>/"}  # the same for everybody, and public
A_FILE = {"logo/<slug:platform_key>/<slug:digest>/"}  # has a policy of its own: it may do nothing at all
# Pages with a button that leaves for Link: their forms may end anywhere by https.
LEAVES = {
    "c/<str:ref>/",
    "c/<str:ref>/connect/<slug:slug>/",
    "c/<str:ref>/connection/",
    "c/<str:ref>/connection/stopped/",
    "c/<str:ref>/connection/problem/",
}
WITH_TOKEN = {"invite/<str:token>/", "sign-in/link/<str:token>/", "reminders/<str:token>/"}
TOKEN_PAGES_OF_STAFF = ("/admin/password-reset/", "/link/")


def objections(response: Any, route: str = "") -> list[str]:
    """What is wrong with an answer's headers, in words."""
    found = [f"{name}: {response.get(name)}" for name, value in ALWAYS.items() if response.get(name) != value]
    if route not in STORED and "no-store" not in response.get("Cache-Control", ""):
        found.append(f"may be stored: {response.get('Cache-Control')}")
    wanted = "no-referrer" if route in WITH_TOKEN else "same-origin"
    if response.get("Referrer-Policy") != wanted:
        found.append(f"Referrer-Policy: {response.get('Referrer-Policy')}")
    if route not in A_FILE:
        found += _objections_to_policy(response, route)
    found += [name for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin") if response.get(name)]
    return found


def _objections_to_policy(response: Any, route: str) -> list[str]:
    told = response.get("Content-Security-Policy", "")
    policy = dict(part.strip().partition(" ")[::2] for part in told.split(";") if part.strip())
    found = [f"{name}: {policy.get(name)}" for name, value in POLICY.items() if policy.get(name) != value]
    if route in LEAVES:
        found = [each for each in found if each != "form-action: 'self' https:"]
    return found + [
        word for word in ("unsafe-inline", "unsafe-eval", "http:", "*") if word in told and route not in LEAVES
    ]


@pytest.fixture
def at_codat(settings) -> None:
    """As in production: with a Codat on this machine, forms may also end there."""
    settings.CODAT_BASE_URL = "https://api.codat.io"


def test_every_page_of_customers_carries_its_headers(the_world: World, at_codat: None):
    wrong = {}
    for route, _method in CELLS:
        for who in table.CUSTOMERS:
            answer = the_world.browser(who).generic("GET", address(route, the_world))
            if found := objections(answer, route):
                wrong[f"{route} for {who} ({answer.status_code})"] = found

    assert wrong == {}


def test_every_page_of_staff_carries_its_headers(the_world: World, at_codat: None):
    rows, wrong = rows_for_staff(the_world), {}
    paths = [path_of(route, rows) for route in (*table_staff.DOORS, *table_staff.PAGES)]
    paths += [f"/admin/{model}/{rows[model]}/change/" for model in table_staff.MODELS]
    for path in paths:
        for who in ("superuser", "bare", "owner", "anonymous"):
            answer = the_world.browser(who).get(path)
            found = [each for each in objections(answer) if not each.startswith("Referrer-Policy: no-referrer")]
            if found:
                wrong[f"{path} for {who} ({answer.status_code})"] = found

    assert wrong == {}


@pytest.mark.parametrize("act", ["open_link"])
def test_staffs_page_that_leaves_for_link_may_do_so_and_no_other(sandbox, the_world: World, at_codat: None, act: str):
    rows = rows_for_staff(the_world)
    the_world.values["connection"].company.connections.update(status="PendingAuth")
    company = rows["onboarding/company"]

    pages = {
        name: the_world.browser("superuser").get(f"/admin/onboarding/company/{company}/do/{name}/")
        for name in (act, "add_note")
    }

    assert {name: page.status_code for name, page in pages.items()} == {act: 200, "add_note": 200}
    assert "form-action 'self' https:" in pages[act]["Content-Security-Policy"]
    assert "form-action 'self';" in pages["add_note"]["Content-Security-Policy"] + ";"


def test_policy_in_earnest_leaves_out_this_machine(the_world: World, at_codat: None):
    page = the_world.browser("owner").get(f"/c/{the_world.values['shop'].ref}/connect/xero/")

    assert "form-action 'self' https:;" in page["Content-Security-Policy"] + ";"
    assert "localhost" not in page["Content-Security-Policy"]


def test_not_found_and_wrong_host_and_too_large_carry_them_too(client: Client, db: None):
    answers = [
        client.get("/no/such/page/"),
        client.get("/", headers={"Host": "evil.example"}),
        client.post(
            "/sign-in/", b"x", content_type="application/x-www-form-urlencoded", headers={"Content-Length": "9999999"}
        ),
        client.get("/data"),
        client.put("/sign-in/"),
    ]

    assert [answer.status_code for answer in answers] == [404, 400, 413, 301, 405]
    assert {answer.status_code: objections(answer) for answer in answers if objections(answer)} == {}


def broken(request: object) -> HttpResponse:
    raise RuntimeError("whatever")


broken.login_required = False  # type: ignore[attr-defined]
urlpatterns = [url("broken/", broken)]
handler500 = "onboarding.views.errors.went_wrong"


@override_settings(ROOT_URLCONF=__name__)
def test_error_carries_them_too(db: None):
    answer = browser(None).get("/broken/")

    assert answer.status_code == 500
    assert objections(answer) == []
    assert answer["X-Request-ID"] in answer.content.decode()  # so that a caller can say which it was
    assert "whatever" not in answer.content.decode()


def test_static_files_are_no_pages(client: Client):
    answer = client.get("/static/css/tokens.css")

    assert answer.status_code in (200, 404)
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_browsers_are_told_of_https_for_a_year(client: Client, db: None, settings):
    from django.middleware.security import SecurityMiddleware

    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    answer = SecurityMiddleware(lambda request: HttpResponse())(_secure_request())

    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def _secure_request():
    from django.test import RequestFactory

    return RequestFactory().get("/", secure=True)
