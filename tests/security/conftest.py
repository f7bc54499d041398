from __future__ import annotations

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.security import world


@pytest.fixture(autouse=True)
def _no_tries_yet(request: pytest.FixtureRequest) -> None:
    """Limits of sign-in and of clicks are counted in the cache."""
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
        cache.clear()


@pytest.fixture
def the_world(db: None) -> world.World:
    return world.build()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """A good hash takes a third of a second each time; how well passwords are hashed, test_passwords looks at."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
