"""Invitations: hard to guess, closed in a stolen database, used by one press, and named to nobody else."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.models import Company, Invitation, Membership, User
from onboarding.usecases import invitations, links, signin
from tests.security.walk import changed, dump, fingerprint
from tests.security.world import World


@pytest.fixture
def path(the_world: World) -> str:
    return f"/invite/{the_world.values['invitation']}/"


def test_token_is_signed_with_more_than_128_bits(the_world: World):
    """122 random bits of the row's own, and 256 of a signature under SECRET_KEY."""
    uid, _dot, signature = the_world.values["invitation"].partition(".")

    assert len(uid) == 32
    assert len(signature) == 43  # 256 bits in base64


def test_link_of_a_mail_has_256_random_bits(the_world: World):
    tokens = {signin.link_for(the_world.person("owner")).split("/")[-2] for _ in range(50)}

    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}


def test_stolen_database_opens_no_invitation_and_no_link(the_world: World):
    """Neither token stands in any table, nor does anything in one open the door."""
    copy = dump()
    invitation, link = the_world.values["invitation"], the_world.values["link"]
    row = Invitation.objects.get(email="new@marlow.example")

    assert row.uid.hex in copy.replace("-", "")  # what was looked for could be found
    assert invitation not in copy and invitation.partition(".")[2] not in copy and link not in copy
    assert Client().get(f"/invite/{row.uid.hex}/").status_code == 404
    assert Client().get(f"/sign-in/link/{links.digest(link)}/").status_code == 404


def test_another_secret_key_opens_nothing_unless_it_is_a_fallback(the_world: World, path: str, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
    assert Client().get(path).status_code == 404

    settings.SECRET_KEY_FALLBACKS = [old]

    assert Client().get(path).status_code == 200


def test_scanner_that_opens_every_link_uses_nothing_up(the_world: World, path: str):
    before = fingerprint()
    scanner = Client()

    codes = {scanner.get(path).status_code for _ in range(10)} | {scanner.head(path).status_code}

    assert codes == {200}
    assert changed(before, fingerprint()) == []
    assert Client().post(path).status_code == 303


def test_second_press_opens_nothing(the_world: World, path: str):
    assert Client().post(path).status_code == 303
    thief = Client()

    assert thief.post(path).status_code == 410
    assert "_auth_user_id" not in thief.session


def test_it_ends_after_14_days(the_world: World, path: str, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=14, seconds=5), tick=False)

    assert Client().post(path).status_code == 303  # which sends a new one, and signs nobody in
    assert not User.objects.filter(email="new@marlow.example").exists()


def test_withdrawn_one_is_dead_and_its_person_out(the_world: World, path: str):
    invitations.revoke(
        Invitation.objects.get(email="new@marlow.example"), by=Actor.staff(the_world.person("Support"), "mistake")
    )

    assert Client().post(path).status_code == 410


def test_it_is_bound_to_its_address(the_world: World, path: str):
    """Cleo, who is signed in, is shown whose it is, masked; nothing of it becomes hers."""
    answer = the_world.browser("stranger").post(path)

    assert "new@marlow.example" not in answer.content.decode()
    assert not Membership.objects.filter(user=the_world.person("stranger"), company=the_world.values["shop"]).exists()


def test_it_opens_its_own_company_alone(the_world: World, path: str):
    guest = Client()
    guest.post(path)

    assert guest.get(f"/c/{the_world.values['shop'].ref}/").status_code == 200
    assert guest.get(f"/c/{the_world.values['bakery'].ref}/").status_code == 404


@pytest.mark.parametrize("name", ["invitation", "link", "reminders"])
def test_pages_with_a_token_load_and_name_nothing_elsewhere(the_world: World, name: str):
    """Every address on them is of this site, a telephone, a mail or in the page; no referrer leaves, no copy kept."""
    door = {"invitation": "/invite/", "link": "/sign-in/link/", "reminders": "/reminders/"}[name]
    page = Client().get(f"{door}{the_world.values[name]}/")
    text = page.content.decode()
    addresses = [part.split('"')[0] for mark in ('href="', 'src="', 'action="') for part in text.split(mark)[1:]]

    assert (page["Referrer-Policy"], page["Cache-Control"]) == ("no-referrer", "no-store, private")
    assert [each for each in addresses if urlsplit(each).scheme not in ("", "tel", "mailto", "data")] == []
    assert [each for each in addresses if each.startswith("//")] == []


def test_staffs_copy_of_the_link_is_stored_nowhere(the_world: World):
    shop = the_world.values["shop"]
    Company.objects.filter(pk=shop.pk).update(accepted_at=None, email="new@marlow.example")
    page = the_world.browser("Support").get(f"/admin/onboarding/company/{shop.pk}/link/")

    assert the_world.values["invitation"] in page.content.decode()
    assert "no-store" in page["Cache-Control"]
