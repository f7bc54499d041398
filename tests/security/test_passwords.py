"""Passwords are staff's alone; customers have none. Long ones are taken, common ones are not."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, override_settings

from onboarding.models import User
from tests.security.walk import browser
from tests.security.world import PASSWORD, World

LONG = "correct horse battery staple, " * 4  # 120 signs, spaces among them


@pytest.mark.parametrize(
    "weak", ["short-one", "password1234", "123456789012345", "qwertyuiop123", "root@alderway.example", "aaaaaaaaaaa"]
)
def test_weak_password_is_refused(db: None, weak: str):
    with pytest.raises(ValidationError):
        validate_password(weak, User(email="root@alderway.example", name="Root"))


@pytest.mark.parametrize(
    "good", ["tall-otter-2-rivers", "мой длинный пароль", "🦦🦦🦦🦦🦦🦦🦦🦦🦦🦦🦦🦦", LONG.strip()]
)
def test_good_password_is_taken_whatever_its_signs(db: None, good: str):
    assert validate_password(good, User(email="root@alderway.example")) is None


def test_long_password_signs_in_whole(db: None):
    User.objects.create_superuser("root@alderway.example", LONG.strip())

    cut = Client().post("/admin/login/", {"login": "root@alderway.example", "password": LONG[:64]})
    whole = Client().post("/admin/login/", {"login": "root@alderway.example", "password": LONG.strip()})

    assert (cut.status_code, whole.status_code) == (200, 302)


def test_change_needs_the_old_one(the_world: World):
    staff = the_world.browser("Support")
    told = {"new_password1": "tall-otter-2-rivers", "new_password2": "tall-otter-2-rivers"}

    assert staff.post("/admin/password_change/", {**told, "old_password": "wrong"}).status_code == 200
    assert the_world.person("Support").check_password(PASSWORD)
    assert staff.post("/admin/password_change/", {**told, "old_password": PASSWORD}).status_code == 302


def test_password_is_hashed_slowly(settings):
    """PBKDF2 with at least 600,000 rounds, as OWASP advises."""
    with override_settings(PASSWORD_HASHERS=_SHIPPED):
        hasher = get_hasher()

    assert (hasher.algorithm, hasher.iterations >= 600_000) == ("pbkdf2_sha256", True)


_SHIPPED = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


def test_customer_has_no_password_and_no_door_for_one(the_world: World):
    ana = the_world.person("owner")
    assert not ana.has_usable_password()

    for path in ("/accounts/login/", "/login/", "/password/reset/", "/accounts/password/change/"):
        assert browser(ana).get(path).status_code == 404


def test_hash_is_shown_to_nobody(the_world: World):
    root = the_world.person("superuser")
    for path in (f"/admin/onboarding/user/{root.pk}/change/", "/admin/onboarding/user/"):
        page = the_world.browser("superuser").get(path).content.decode()
        assert root.password not in page
        assert root.password.rpartition("$")[2] not in page
