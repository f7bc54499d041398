"""What pages can do without: a Redis that is away costs one short wait, and raises nothing."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal import hints
from portal.hints import Hints
from tests.processes import free_port
from tests.security.production import settings_of
from tests.wire import Wire

WAITS = {"OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}}


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    hints._quiet_until = float("-inf")
    yield
    hints._quiet_until = float("-inf")


@pytest.fixture
def frozen() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with Wire(free_port()) as wire:
        wire.freeze()
        yield f"redis://127.0.0.1:{wire.port}"


def test_a_server_that_is_down_knows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    cache = Hints(f"redis://127.0.0.1:{free_port()}", WAITS)

    assert cache.get("open:1") is None
    assert cache.get("open:1", "else") == "else"
    assert cache.get_many(["open:1"]) == {}
    assert cache.set("open:1", True, 45) is None
    assert len(caplog.records) == 1


def test_a_frozen_server_is_waited_for_once(frozen: str) -> None:
    cache, began = Hints(frozen, WAITS), time.monotonic()
    for number in range(200):
        cache.set(f"open:{number}", True, 45)
        cache.get(f"open:{number}")

    assert time.monotonic() - began < hints.QUIET_SECONDS


def test_what_guards_sign_in_is_not_forgiving(frozen: str) -> None:
    with pytest.raises(RedisError):
        RedisCache(frozen, WAITS).get("limit")


def test_sessions_are_rows_and_caches_short_of_patience() -> None:
    told = settings_of("CACHES", "SESSION_ENGINE", CACHE_URL="redis://cache.example.com:6379/0")

    assert told["SESSION_ENGINE"] == "onboarding.asking"
    assert told["CACHES"]["hints"]["BACKEND"] == "portal.hints.Hints"
    assert urlsplit(told["CACHES"]["default"]["LOCATION"]).hostname == "cache.example.com"
    for each in told["CACHES"].values():
        assert (each["OPTIONS"]["socket_timeout"], each["OPTIONS"]["socket_connect_timeout"]) == (1, 1)
