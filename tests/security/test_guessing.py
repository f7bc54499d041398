"""Guessing is slowed down, nobody is locked out by a stranger, and no answer tells whether somebody exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.models import User
from onboarding.usecases import signin
from tests import factories
from tests.security.world import PASSWORD, World
from tests.signin.doors import CODE, ask, enter, letters

ATTEMPTS = 1_000  # of which all but five end before a password or a code is looked at


class Counting(MD5PasswordHasher):
    """Counts how often a password is really looked at; what each look costs is the true hasher's matter."""

    looks = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.looks += 1
        return super().encode(password, salt)


@pytest.fixture
def looks(settings) -> Callable[[], int]:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    Counting.looks = 0
    return lambda: Counting.looks


def _from(number: int) -> Client:
    """A browser at an address of its own."""
    return Client(REMOTE_ADDR=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")


def test_many_guesses_at_a_staff_password_are_five(db: None, looks: Callable[[], int]):
    """Each from another address: the account has its own count."""
    User.objects.create_superuser("boss@alderway.example", PASSWORD)
    before = looks()

    for number in range(ATTEMPTS // 4):
        told = {"login": "boss@alderway.example", "password": f"guess-{number}"}
        _from(number).post("/admin/login/", told)

    assert looks() - before <= 6


def test_thousand_guesses_at_a_code_are_five(db: None):
    """A new browser for each guess, and the right code fails after them in a browser that nobody knows."""
    ana = factories.ana()
    codes, asked = [], _from(0)
    ask(asked, ana.email)
    right = next(found[1] for letter in letters()[::-1] if (found := CODE.search(letter.body)))
    for number in range(ATTEMPTS):
        codes.append(enter(asked, f"{(int(right) + 1 + number) % 1_000_000:06d}").status_code)

    assert codes.count(422) <= 5
    assert enter(asked, right).status_code != 303 or "_auth_user_id" not in asked.session


def test_guesses_are_counted_over_browsers(db: None):
    ana, codes = factories.ana(), []
    for number in range(20):
        client = _from(number)
        ask(client, ana.email)
        codes += [enter(client, "000000").status_code for _ in range(3)]

    assert codes.count(422) <= 5


def test_stranger_who_uses_up_the_tries_locks_nobody_out(db: None):
    """The customer's own browser, once known, has tries of its own: by code and by link."""
    ana, home = factories.ana(), Client()
    home.post(signin.link_for(ana).removeprefix("http://testserver"))
    home.post("/sign-out/")
    for number in range(30):
        ask(_from(number), ana.email)

    assert ask(_from(99), ana.email).status_code == 429
    assert ask(home, ana.email).status_code == 303
    assert Client().post(signin.link_for(ana).removeprefix("http://testserver")).status_code == 303


def _of(step: Callable[[], Any]) -> tuple[int, str, list[str]]:
    with CaptureQueriesContext(connection) as captured:
        answer = step()
    text = re.sub(r'value="[^"]*"', "", answer.content.decode())
    return answer.status_code, text, [_kind(query["sql"]) for query in captured.captured_queries]


def _kind(sql: str) -> str:
    """The statement without what differs from run to run."""
    return re.sub(r"'[^']*'|\d+", "…", sql)


def test_staff_door_costs_and_says_the_same_for_everybody(the_world: World, looks: Callable[[], int]):
    """Wrong password, nobody's address, a customer's, a disabled person's: one look at a password each."""
    off = factories.person("off@alderway.example", password=PASSWORD, is_staff=True, is_active=False)
    told = []
    for email in ("root@alderway.example", "nobody@alderway.example", "ana@marlow.example", off.email):
        before = looks()
        code, text, _queries = _of(
            lambda email=email: Client().post("/admin/login/", {"login": email, "password": "no"})
        )
        told.append((code, text, looks() - before))

    assert told[1:] == told[:-1]
    assert told[0][2] == 1


def test_new_password_is_asked_for_alike(the_world: World):
    told = []
    for email in ("root@alderway.example", "nobody@alderway.example", "ana@marlow.example"):
        cache.clear()  # the first try of an address is a new row there, the next a changed one
        told.append(_of(lambda email=email: Client().post("/admin/password-reset/", {"email": email})))

    assert told[0] == told[1] == told[2]


def test_invitation_that_is_forged_costs_no_query_at_all(the_world: World, django_assert_num_queries):
    """So no time tells how near a guess was: the signature is compared first, and in constant time."""
    token = the_world.values["invitation"]
    forged = {token[:-1] + sign for sign in "AEIMQUYcgkosw048"} - {token}
    with django_assert_num_queries(0):
        codes = {Client().get(f"/invite/{each}/").status_code for each in [*forged, token[::-1], token[:-1]]}

    assert codes == {404}


def test_guessing_links_is_limited(the_world: World):
    for door in ("/sign-in/link/", "/invite/", "/reminders/"):
        codes = [Client().post(f"{door}guess-{number}/").status_code for number in range(25)]
        assert codes.count(404) + codes.count(429) == 25
    assert 429 in [Client().post(f"/sign-in/link/guess-{number}/").status_code for number in range(25)]


def test_unknown_link_and_used_link_tell_nothing_of_a_person(the_world: World):
    path = f"/sign-in/link/{the_world.values['link']}/"
    Client().post(path)

    for told in (Client().get(path), Client().get("/sign-in/link/unknown/")):
        assert "ana@" not in told.content.decode()


def test_used_invitation_shows_a_masked_address_alone(the_world: World):
    path = f"/invite/{the_world.values['invitation']}/"
    Client().post(path)

    assert "new@marlow.example" not in Client().get(path).content.decode()


def test_reference_opens_nothing_and_is_not_answered_to_who_is_not_signed_in(the_world: World):
    known, unknown = (Client().get(f"/c/{ref}/") for ref in (the_world.values["ref"], "ZZZ-9999"))

    assert known.status_code == unknown.status_code == 302
    assert known["Location"].partition("?")[0] == unknown["Location"].partition("?")[0]
