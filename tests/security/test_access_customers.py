"""Object access, generated: every pattern of the customers' pages, every method, every kind of person."""

from __future__ import annotations

import pytest
from django.utils import timezone

from onboarding.models import Company, Invitation
from tests.security import table
from tests.security.walk import differences, places, writes
from tests.security.world import World

PAGES = {**table.CUSTOMER_PAGES, **table.OPEN_PAGES}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HERE = {place.route: place for place in places() if not place.route.startswith(("admin/", "^admin/"))}
CELLS = [(route, method) for route, methods in PAGES.items() if route in HERE for method in methods]
POSTS = [cell for cell in CELLS if cell[1] == "POST"]
FORGED = {"email": "x@evil.example", "software": "x", "note": "y", "is_staff": "1", "role": "member"}


def address(route: str, the: World) -> str:
    """Pages of before a connection are the shop's; all others the bakery's."""
    values: dict[str, object] = dict(the.values)
    if "<slug:slug>" in route:
        values["ref"] = the.values["shop"].ref
    values["pk"] = the.values["share"]
    values["token"] = next((the.values[name] for name in ("link", "reminders") if f"{name}/<" in route), "")
    values["token"] = values["token"] or the.values["invitation"]
    return HERE[route].path(values)


def expected(route: str, method: str) -> dict[str, int]:
    return dict(zip(table.CUSTOMERS, PAGES[route][method], strict=True))


def test_every_pattern_has_an_entry():
    assert [route for route in HERE if route not in PAGES] == []


def test_every_entry_has_a_pattern():
    assert [route for route in PAGES if route not in HERE and route not in table.MAY_BE_MISSING] == []


def test_each_person_sees_what_the_table_says(the_world: World):
    found, wanted = {}, {}
    for route, method in CELLS:
        if method == "GET":
            path = address(route, the_world)
            wanted[route] = expected(route, "GET")
            found[route] = {who: the_world.browser(who).get(path).status_code for who in table.CUSTOMERS}

    assert differences(found, wanted) == []


def test_who_is_refused_changes_nothing(sandbox, the_world: World):
    """The same codes for acting, and neither a row of ours nor anything at Codat moves."""
    the_world.sign_in_all()
    wrong = {}
    for route, method in [cell for cell in POSTS if cell[0] in table.CUSTOMER_PAGES]:
        path = address(route, the_world)
        for who, code in expected(route, method).items():
            if code not in (403, 404) and who != "anonymous":
                continue
            with writes() as written:
                answer = the_world.browser(who).post(path, FORGED)
            if answer.status_code != code or written:
                wrong[f"{who} at {path}"] = (answer.status_code, written)

    assert wrong == {}
    assert sandbox.requests() == []


@pytest.mark.parametrize(("route", "method"), POSTS, ids=[f"/{route}" for route, _ in POSTS])
def test_who_may_act_is_answered_as_the_table_says(sandbox, the_world: World, route: str, method: str):
    path = address(route, the_world)

    answers = {who: the_world.browser(who).post(path).status_code for who in table.CUSTOMERS}

    assert answers == expected(route, method)


def test_other_methods_are_nobodys(the_world: World):
    owner, wrong = the_world.browser("owner"), {}
    for route, methods in PAGES.items():
        if route not in HERE:
            continue
        path = address(route, the_world)
        for method in METHODS:
            if method in methods or (method == "HEAD" and "GET" in methods):
                continue
            code = owner.generic(method, path).status_code
            if code not in (table.SHUT, 404):
                wrong[f"{method} {path}"] = code

    assert wrong == {}


def test_company_that_exists_and_one_that_does_not_read_the_same(the_world: World):
    stranger, ref = the_world.browser("stranger"), the_world.values["ref"]
    pages = [stranger.get(f"/c/{name}/").context["text"] for name in (ref, "ZZZ-0000")]

    assert pages[0] == pages[1]
    assert stranger.get(f"/c/{ref}/")["Content-Type"] == stranger.get("/c/ZZZ-0000/")["Content-Type"]


def test_connector_sees_the_result_that_is_their_own(the_world: World):
    """Who started the connection may see how it went, and may still not disconnect it."""
    bakery = the_world.values["bakery"]
    bakery.connections.update(started_by=the_world.people["connector"])
    con = the_world.browser("connector")

    codes = {
        page: con.get(f"/c/{bakery.ref}/{page}").status_code for page in ("connection/", "activity/", "share/", "")
    }

    assert codes == {"connection/": 200, "activity/": 403, "share/": 403, "": 403}
    assert con.post(f"/c/{bakery.ref}/connection/disconnect/").status_code == 403


def test_erased_company_is_nobodys(the_world: World):
    bakery = the_world.values["bakery"]
    Company.objects.filter(pk=bakery.pk).update(erased_at=timezone.now())

    assert the_world.browser("owner").get(f"/c/{bakery.ref}/").status_code == 404


def test_link_of_another_company_cannot_be_withdrawn_through_ones_own(the_world: World):
    """The number of a row is no permission: it is looked up among the company's own."""
    others = Company.objects.get(name="Other Works")
    path = f"/c/{others.ref}/share/{the_world.values['share']}/withdraw/"

    assert the_world.browser("stranger").post(path).status_code == 404
    assert Invitation.objects.get(pk=the_world.values["share"]).revoked_at is None
