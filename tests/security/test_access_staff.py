"""Function access, generated: every pattern of the admin, every action, every role."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.test import RequestFactory

from onboarding.admin.acts import ACTS
from tests.security import table_staff as table
from tests.security.walk import differences, places, writes
from tests.security.world import World, rows_for_staff

HERE = {place.route: place for place in places() if place.route.startswith(("admin/", "^admin/"))}
STOCK = (
    "",
    "add/",
    "<path:object_id>/history/",
    "<path:object_id>/delete/",
    "<path:object_id>/change/",
    "<path:object_id>/",
)
STOCK_ROUTES = {f"admin/{model}/{page}" for model in table.MODELS for page in STOCK}
KNOWN = {*table.DOORS, *table.PAGES, *STOCK_ROUTES}
SOME = ("owner", "anonymous", *table.LETTERS.values())  # every customer is answered alike: see EVERYBODY's tests
EVERYBODY = (*table.CUSTOMERS, "anonymous", *table.LETTERS.values())


def path_of(route: str, rows: dict[str, Any]) -> str:
    parts = route.split("/")
    model, page = "/".join(parts[1:3]), "/".join(parts[1:4])
    token = {"token": "x", "uidb36": "1", "key": "set-password", "provider_id": "staff", "url": "nothing/here"}
    more = {
        "uid": UUID(int=1),
        "kind": "check",
        "name": "add_note",
        "page": "home",
        "app_label": "onboarding",
        "content_type_id": 1,
    }
    row = rows.get(page, rows.get(model, 1))
    return HERE[route].path({**token, **more, "pk": row, "object_id": row, "id": row})


def codes(who: str, code: int) -> dict[str, int]:
    """The code for those letters, 403 for all others who are signed in, and the door for who is not."""
    allowed = table.names(who)
    return {each: code if each in allowed else 302 if each == "anonymous" else 403 for each in EVERYBODY}


@pytest.fixture
def rows(the_world: World) -> dict[str, Any]:
    return rows_for_staff(the_world)


def test_every_pattern_of_the_admin_has_an_entry():
    assert [route for route in HERE if route not in KNOWN] == []


def test_every_entry_has_a_pattern():
    assert [route for route in KNOWN if route not in HERE] == []


def test_every_model_of_the_admin_has_an_entry():
    assert {f"{model._meta.app_label}/{model._meta.model_name}" for model in admin.site._registry} == set(table.MODELS)


def test_every_action_has_an_entry():
    assert set(ACTS) == set(table.ACTS)


def test_doors_open_to_who_is_not_signed_in_and_to_staff(the_world: World):
    found, wanted = {}, {}
    for route, (anonymous, staff) in table.DOORS.items():
        path = path_of(route, {})
        wanted[route] = dict.fromkeys(table.CUSTOMERS, 403) | {"anonymous": anonymous, "bare": staff}
        found[route] = {who: the_world.browser(who).get(path).status_code for who in wanted[route]}

    assert differences(found, wanted) == []


def test_each_role_sees_what_the_table_says(the_world: World, rows: dict[str, Any]):
    found, wanted = {}, {}
    for route, (who, code) in table.PAGES.items():
        path = path_of(route, rows)
        wanted[route] = codes(who, code) | table.ODD.get(route, {})
        found[route] = {each: the_world.browser(each).get(path).status_code for each in EVERYBODY}

    assert differences(found, wanted) == []


def test_each_role_sees_the_models_of_the_table(the_world: World, rows: dict[str, Any]):
    expected = {}
    for model, (viewers, adders) in table.MODELS.items():
        expected[f"/admin/{model}/"] = codes(viewers, 200)
        expected[f"/admin/{model}/add/"] = codes(adders, 200)
        expected[f"/admin/{model}/{rows[model]}/change/"] = codes(viewers, 200)
        expected[f"/admin/{model}/{rows[model]}/delete/"] = codes(table.NOBODY, 200)

    found = {page: {each: the_world.browser(each).get(page).status_code for each in EVERYBODY} for page in expected}

    assert differences(found, {page: {each: told[each] for each in SOME} for page, told in expected.items()}) == []


def test_action_is_for_its_roles_alone(the_world: World, rows: dict[str, Any]):
    """Asked and done by others: 403, and no row moves. Who may is answered by a page or sent on."""
    the_world.sign_in_all()
    wrong = {}
    for name, who in table.ACTS.items():
        path = f"/admin/onboarding/company/{rows['onboarding/company']}/do/{name}/"
        with writes() as written:
            found = {each: _twice(the_world, each, path) for each in EVERYBODY if each not in table.names(who)}
        wrong |= {(name, each): told for each, told in found.items() if told not in ([403, 403], [302, 303])}
        wrong |= {(name, "wrote"): written} if written else {}
        codes_of_others = {the_world.browser(each).get(path).status_code for each in table.names(who)}
        wrong |= {(name, "allowed"): codes_of_others} if codes_of_others - {200, 303} else {}

    assert wrong == {}


def _twice(the: World, who: str, path: str) -> list[int]:
    told = {"reason": "because", "text": "x", "email": "x@evil.example"}
    return [the.browser(who).get(path).status_code, the.browser(who).post(path, told).status_code]


def test_post_is_for_the_roles_of_the_table_alone(the_world: World, rows: dict[str, Any]):
    the_world.sign_in_all()
    found, wanted = {}, {}
    with writes() as written:
        for route, who in table.POSTS.items():
            path = path_of(route, rows)
            refused = [each for each in EVERYBODY if each not in table.names(who)]
            wanted[route] = {each: 303 if each == "anonymous" else 403 for each in refused}
            found[route] = {each: the_world.browser(each).post(path, {"reason": "x"}).status_code for each in refused}

    assert differences(found, wanted) == []
    assert written == []


def test_bulk_action_asks_for_its_own_right(the_world: World, rows: dict[str, Any]):
    wanted = {kind: codes(who, 200) for kind, who in table.BULK_KINDS.items()}
    found = {
        kind: {each: the_world.browser(each).get(_bulk(kind, rows)).status_code for each in EVERYBODY}
        for kind in wanted
    }

    assert differences(found, wanted) == []


def _bulk(kind: str, rows: dict[str, Any]) -> str:
    return f"/admin/onboarding/company/bulk/{kind}/?ids={rows['onboarding/company']}"


def test_nothing_is_deleted_in_bulk(rf: RequestFactory, the_world: World):
    request = rf.get("/admin/")
    request.user = the_world.person("superuser")

    offered = {name for model_admin in admin.site._registry.values() for name in model_admin.get_actions(request)}

    assert "delete_selected" not in offered


def test_action_opens_to_every_one_of_its_roles(the_world: World, rows: dict[str, Any]):
    """Posted by who may: it is done, or the page says what is missing. Never 403, and never an error of ours."""
    the_world.sign_in_all()
    wrong = {}
    for name, who in table.ACTS.items():
        path = f"/admin/onboarding/company/{rows['onboarding/company']}/do/{name}/"
        found = {each: the_world.browser(each).post(path, {}).status_code for each in sorted(table.names(who))}
        wrong |= {(name, each): code for each, code in found.items() if code not in (303, 422)}

    assert wrong == {}
