"""Where a second factor is asked for, no page of staff's opens without one."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from tests.security import table_staff
from tests.security.production import settings_of
from tests.security.test_access_staff import path_of
from tests.security.walk import browser, dump, writes
from tests.security.world import PASSWORD, World, rows_for_staff

SECRET = "JBSWY3DPEHPK3PXP"
HARMLESS = {"admin/logout/", "admin/jsi18n/"}


@pytest.fixture
def rows(the_world: World, settings) -> dict[str, Any]:
    settings.STAFF_SECOND_FACTOR = True
    return rows_for_staff(the_world)


def paths(rows: dict[str, Any]) -> list[str]:
    found = [path_of(route, rows) for route in table_staff.PAGES if route not in HARMLESS]
    found += [f"/admin/{model}/{page}" for model in table_staff.MODELS for page in ("", f"{rows[model]}/change/")]
    return found + [f"/admin/onboarding/company/{rows['onboarding/company']}/do/{name}/" for name in table_staff.ACTS]


def test_every_page_of_staff_leads_to_enrolment_first(the_world: World, rows: dict[str, Any]):
    root = the_world.browser("superuser")

    wrong = {path: root.get(path).get("Location") for path in paths(rows)}

    assert {path: to for path, to in wrong.items() if not (to or "").startswith("/admin/second-factor/?next=")} == {}


def test_nothing_is_done_without_it(the_world: World, rows: dict[str, Any]):
    root = the_world.browser("superuser")
    root.get("/admin/")
    with writes() as written:
        for path in paths(rows):
            root.post(path, {"reason": "x", "text": "x"})

    assert written == []


def test_second_factor_of_somebody_else_does_not_count(the_world: World, rows: dict[str, Any]):
    TOTP.activate(the_world.person("Support"), SECRET)

    assert browser(the_world.person("superuser")).get("/admin/")["Location"].startswith("/admin/second-factor/")


def test_password_alone_signs_nobody_in_who_has_one(the_world: World, rows: dict[str, Any]):
    root = the_world.person("superuser")
    TOTP.activate(root, SECRET)
    client = browser(None)

    answer = client.post("/admin/login/", {"login": root.email, "password": PASSWORD})

    assert answer["Location"] == "/admin/second-factor/authenticate/"
    assert "_auth_user_id" not in client.session
    assert client.get("/admin/").status_code == 302
    codes = [client.post("/admin/second-factor/authenticate/", {"code": f"{n:06d}"}).status_code for n in range(12)]
    assert "_auth_user_id" not in client.session
    assert 302 not in codes[:1]


def test_its_secret_stands_nowhere_in_clear(the_world: World, rows: dict[str, Any]):
    TOTP.activate(the_world.person("superuser"), SECRET)

    assert Authenticator.objects.filter(type="totp").exists()
    assert SECRET not in dump()


def test_it_is_removed_by_who_has_shown_it_alone(the_world: World, rows: dict[str, Any]):
    """A session that somebody left open does not switch the second factor off: the password is asked for again."""
    root = the_world.person("superuser")
    TOTP.activate(root, SECRET)
    left_open = browser(root)

    answer = left_open.post("/admin/second-factor/totp/deactivate/")

    assert answer["Location"].startswith("/admin/reauthenticate/") or "reauthenticate" in answer["Location"]
    assert Authenticator.objects.filter(user=root, type="totp").exists()


def test_it_is_the_default_outside_the_demo():
    assert settings_of("STAFF_SECOND_FACTOR") == {"STAFF_SECOND_FACTOR": True}
