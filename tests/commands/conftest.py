"""The bulk tests wait for no minute to pass, but for those that are about it."""

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def no_limit_by_the_minute(settings: Settings) -> None:
    settings.CODAT_PER_MINUTE = 0
