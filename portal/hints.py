"""Redis for what pages can do without: when it is away, nothing is known and nothing is kept, and nobody waits.

Limits on sign-in are no hints. They use the cache proper, whose errors stop the act that they guard.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

QUIET_SECONDS = 5.0  # a server that did not answer is left alone for so long, by every thread of this process

log = logging.getLogger(__name__)
_quiet_until = float("-inf")


class Hints(RedisCache):
    """Never raises for a server that is down, frozen or slow. Only what is used is forgiving: get, get_many, set."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _ask(lambda: super(Hints, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> Any:
        return _ask(lambda: super(Hints, self).get_many(keys, version), {})

    def set(self, key: str, value: Any, *how: Any, **more: Any) -> None:
        _ask(lambda: super(Hints, self).set(key, value, *how, **more), None)


def _ask(ask: Callable[[], Any], otherwise: Any) -> Any:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return otherwise
    try:
        return ask()
    except RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("The cache does not answer; pages go on without it", extra={"reason": type(error).__name__})
        return otherwise
