"""Session tokens, their life, their end, their cookies. The moving clock is in tests/signin/test_sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from onboarding.actors import Actor
from onboarding.lifecycle import Source
from onboarding.models import User
from onboarding.usecases import invitations, links, signin, support
from tests import factories
from tests.security.walk import browser
from tests.security.world import PASSWORD, World
from tests.signin.doors import ask, enter, mailed_code

PAGE = "/companies/"


def by_code(client: Client, ana: User) -> None:
    ask(client, ana.email)
    enter(client, mailed_code())


def by_link(client: Client, ana: User) -> None:
    client.post(signin.link_for(ana).removeprefix("http://testserver"))


def by_invitation(client: Client, ana: User) -> None:
    company = factories.company(name="Third Place")
    client.post(links.invitation_path(invitations.invite(company, email=ana.email, by=Actor(Source.COMMAND))))


def by_password(client: Client, ana: User) -> None:
    boss = User.objects.create_superuser("boss@alderway.example", PASSWORD)
    client.post("/admin/login/", {"login": boss.email, "password": PASSWORD})


@pytest.mark.parametrize("sign_in", [by_code, by_link, by_invitation, by_password])
def test_every_way_in_gives_a_new_key_and_kills_the_old_one(db: None, sign_in: Callable[[Client, User], None]):
    """An attacker who planted a session before the sign-in holds nothing after it."""
    ana, victim = factories.ana(), Client()
    session = victim.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key

    sign_in(victim, ana)

    assert "_auth_user_id" in victim.session
    assert victim.session.session_key != planted
    assert not Session.objects.filter(pk=planted).exists()
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert "_auth_user_id" not in thief.session


def test_key_holds_more_than_128_bits(the_world: World):
    """32 signs out of 36: 165 bits, from the system's own source."""
    key = the_world.browser("owner").session.session_key

    assert key.isalnum() and key == key.lower() and len(key) == 32


def _stolen(client: Client) -> Client:
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    return thief


def _sign_out(the: World) -> None:
    the.browser("owner").post("/sign-out/")


def _disable(the: World) -> None:
    User.objects.filter(email="ana@marlow.example").update(is_active=False)


def _end_sessions(the: World) -> None:
    support.end_sessions(the.values["bakery"], by=Actor.staff(the.person("Support"), "lost laptop"))


def _delete(the: World) -> None:
    the.person("owner").delete()


@pytest.mark.parametrize("end", [_sign_out, _disable, _end_sessions, _delete])
def test_every_way_out_ends_all_sessions_at_once(the_world: World, end: Callable[[World], None]):
    thief = _stolen(the_world.browser("owner"))
    assert thief.get(PAGE).status_code == 200

    end(the_world)

    assert thief.get(PAGE).status_code == 302


def test_sign_out_ends_that_session_and_leaves_nothing_of_it(the_world: World):
    owner = the_world.browser("owner")
    key = owner.session.session_key

    owner.post("/sign-out/")

    assert not Session.objects.filter(pk=key).exists()
    assert owner.cookies["sessionid"].value == ""


def test_staff_sign_out_by_post_alone(the_world: World):
    staff = the_world.browser("Support")
    assert staff.get("/admin/logout/").status_code == 405

    staff.post("/admin/logout/")

    assert staff.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", ["/admin/", "/companies/"])
def test_sign_out_button_is_on_every_page(the_world: World, path: str):
    who = "Support" if path == "/admin/" else "owner"

    assert any(
        f'action="{door}"' in the_world.browser(who).get(path).content.decode()
        for door in ("/sign-out/", "/admin/logout/")
    )


@pytest.mark.parametrize("right", ["is_superuser", "is_staff"])
def test_new_rights_need_a_new_session(the_world: World, right: str):
    """Whoever is made more, or less, signs in anew: no session outlives the rights that it began with."""
    support_staff = the_world.person("Support")
    thief = _stolen(the_world.browser("Support"))
    assert thief.get("/admin/").status_code == 200

    setattr(support_staff, right, not getattr(support_staff, right))
    support_staff.save()

    assert thief.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_own_new_password_ends_the_other_sessions_and_keeps_this_one(the_world: World):
    staff = the_world.browser("Support")
    other = browser(the_world.person("Support"))
    told = {"old_password": PASSWORD, "new_password1": "quite-another-word", "new_password2": "quite-another-word"}

    assert staff.post("/admin/password_change/", told).status_code == 302

    assert (staff.get("/admin/").status_code, other.get("/admin/").status_code) == (200, 302)


def test_session_is_not_begun_for_who_only_looks(client: Client, db: None):
    for path in ("/", "/data/", "/healthz", "/no/such/page/", "/admin/"):
        client.get(path)

    assert not Session.objects.exists()


def test_cookies_are_for_this_site_and_no_script(the_world: World):
    """On https they carry `__Host-` and Secure too: see test_production."""
    owner = the_world.browser("owner")
    owner.get("/data/")
    owner.post("/language/", {"language": "fr"})
    owner.post("/sign-out/")
    by_link(owner, the_world.person("owner"))

    cookies = {name: cookie for name, cookie in owner.cookies.items() if cookie.value}
    assert set(cookies) == {"sessionid", "csrftoken", "language", "known"}
    for cookie in cookies.values():
        if cookie["path"]:  # as the server sent it; the test's own sign-in sets one without
            assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
