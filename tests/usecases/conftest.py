"""One customer and her company, in which nothing is connected yet."""

import pytest
from django.core.cache import cache

from onboarding.models import Company, User
from tests import factories


@pytest.fixture
def ana(db: None) -> User:
    return factories.ana()


@pytest.fixture
def company(ana: User) -> Company:
    factories.enable_platforms()
    return factories.company(ana)


@pytest.fixture
def no_page_is_open() -> None:
    """Pages that somebody looks at are followed more often; the cache remembers which."""
    cache.clear()
