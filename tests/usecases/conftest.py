"""One customer and her company, in which nothing is connected yet."""

import pytest

from onboarding.models import Company, User
from tests import factories


@pytest.fixture
def ana(db: None) -> User:
    return factories.ana()


@pytest.fixture
def company(ana: User) -> Company:
    factories.enable_platforms()
    return factories.company(ana)
