"""GET never changes anything; every change is a POST that carries its token."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.kit import Sandbox
from tests.security import table, table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import HERE as STAFF_PAGES
from tests.security.test_access_staff import path_of
from tests.security.walk import changed, fingerprint, writes
from tests.security.world import World, rows_for_staff

# Asked by servers and not by browsers: a signature, or a signed token, takes the place of the form's token.
WITHOUT_FORM_TOKEN = {"webhooks/codat/", "webhooks/codat", "reminders/<str:token>/"}


def _twice(the: World, who: str, path: str) -> list[str]:
    with writes() as found:
        the.browser(who).get(path)
        the.browser(who).get(path)
    return found


def test_get_twice_changes_no_row_and_asks_codat_nothing(sandbox: Sandbox, the_world: World):
    """/return/ alone asks Codat, once, and records the answer: see test_return."""
    the_world.sign_in_all()
    routes = [route for route, method in CELLS if method == "GET"]

    found = {
        (route, who): _twice(the_world, who, address(route, the_world)) for route in routes for who in table.CUSTOMERS
    }

    assert {place: written for place, written in found.items() if written} == {}
    assert sandbox.requests() == []


def test_get_twice_changes_no_row_in_the_admin(sandbox: Sandbox, the_world: World):
    rows = rows_for_staff(the_world)
    the_world.sign_in_all()
    paths = [path_of(route, rows) for route in STAFF_PAGES if "password-reset/(" not in route]
    paths += [f"/admin/onboarding/company/{rows['onboarding/company']}/do/{name}/" for name in table_staff.ACTS]
    paths += [f"/admin/onboarding/company/bulk/{kind}/?ids=1,2,3" for kind in table_staff.BULK_KINDS]

    found = {path: _twice(the_world, "superuser", path) for path in paths}

    assert {path: written for path, written in found.items() if written} == {}
    assert sandbox.requests() == []


def test_polling_get_of_an_open_page_changes_no_row(sandbox: Sandbox, the_world: World):
    bakery = the_world.values["bakery"]
    the_world.sign_in_all()
    page = the_world.browser("owner").get(f"/c/{bakery.ref}/connection/")
    poll = page.context.get("poll")
    before = fingerprint()

    codes = [
        the_world.browser("owner").get(poll.url.replace("tick=1", f"tick={tick}")).status_code for tick in range(9)
    ]

    assert set(codes) == {200}
    assert changed(before, fingerprint()) == []
    assert sandbox.requests() == []


def _posts() -> list[str]:
    return [route for route, method in CELLS if method == "POST" and route not in WITHOUT_FORM_TOKEN]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"], ids=["nothing", "another site", "null"])
def test_form_of_another_site_is_refused_everywhere(sandbox: Sandbox, the_world: World, origin: str | None):
    """403 for every POST without the token, and no row moves; with it, another site's origin is refused as well."""
    headers = {"Origin": origin} if origin else {}
    browser = Client(enforce_csrf_checks=True, headers=headers)
    browser.force_login(the_world.person("owner"))
    browser.get("/")
    before = fingerprint()

    answers = {
        route: browser.post(address(route, the_world), {"email": "x@evil.example"}).status_code for route in _posts()
    }

    assert answers == dict.fromkeys(answers, 403)
    assert changed(before, fingerprint()) == []


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_form_of_another_site_is_refused_in_the_admin(sandbox: Sandbox, the_world: World, origin: str | None):
    rows = rows_for_staff(the_world)
    browser = Client(enforce_csrf_checks=True, headers={"Origin": origin} if origin else {})
    browser.force_login(the_world.person("superuser"))
    paths = [path_of(route, rows) for route in table_staff.POSTS]
    paths += [f"/admin/onboarding/company/{rows['onboarding/company']}/do/{name}/" for name in table_staff.ACTS]
    before = fingerprint()

    answers = {path: browser.post(path, {"reason": "x"}).status_code for path in paths}

    assert answers == dict.fromkeys(answers, 403)
    assert changed(before, fingerprint()) == []


def test_right_token_from_another_site_is_refused(the_world: World):
    """A token that leaked is worth nothing without our own origin."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(the_world.person("owner"))
    token = browser.get("/data/").context["csrf_token"]
    told = {"csrfmiddlewaretoken": str(token), "language": "fr"}

    assert browser.post("/language/", told, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.post("/language/", told, headers={"Origin": "http://testserver"}).status_code == 303


@pytest.mark.parametrize("override", ["_method", "X-HTTP-Method-Override"])
def test_method_cannot_be_talked_into_another(the_world: World, override: str):
    bakery = the_world.values["bakery"]
    the_world.browser("owner").get("/")
    before = fingerprint()

    the_world.browser("owner").get(f"/c/{bakery.ref}/connection/disconnect/?_method=POST", headers={override: "POST"})

    assert changed(before, fingerprint()) == []


@pytest.mark.parametrize("path", ["/static/../manage.py", "/.env", "/var/portal.sqlite3", "/sandbox/", "/demo/mail/"])
def test_nothing_else_is_served(client: Client, db: None, path: str):
    assert client.get(path).status_code == 404
