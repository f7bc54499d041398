import pytest
from django.core.cache import cache

from onboarding.models import User
from tests import factories


@pytest.fixture(autouse=True)
def _no_tries_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def ana(db: None) -> User:
    return factories.ana()


@pytest.fixture
def sam(db: None) -> User:
    return factories.sam(password="a-long-enough-password")
