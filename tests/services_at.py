"""Where the services of tests are. SERVICES_POSTGRES_URL, SERVICES_REDIS_URL and SERVICES_AMQP_URL name others."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import redis

POSTGRES = os.environ.get("SERVICES_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("SERVICES_REDIS_URL", "redis://127.0.0.1:6379")
AMQP = os.environ.get("SERVICES_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672")
REDIS_NUMBERS = range(1, 16)  # number 0 holds who took which
TAKEN_SECONDS = 3600
PATIENCE_SECONDS = 5


def postgres_url(database: str) -> str:
    return urlsplit(POSTGRES)._replace(path=f"/{database}").geturl()


def database_of(folder: str) -> str:
    """A name for the database of the ordinary tests: one for each checkout and TEST_VAR_DIR, made anew by each run."""
    place = str(Path(__file__).resolve().parent.parent / folder)
    return f"portal_{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def take_redis(who: str) -> tuple[str, int]:
    """A database of the Redis server that no other run uses, empty. Raises RuntimeError if all are taken."""
    with redis.Redis.from_url(f"{REDIS}/0", socket_connect_timeout=PATIENCE_SECONDS) as client:
        for number in REDIS_NUMBERS:
            if client.set(_key(number), who, nx=True, ex=TAKEN_SECONDS):
                _empty(number)
                return f"{REDIS}/{number}", number
    raise RuntimeError("Every database of the Redis server is taken by another run.")


def give_back_redis(number: int) -> None:
    _empty(number)
    with redis.Redis.from_url(f"{REDIS}/0", socket_connect_timeout=PATIENCE_SECONDS) as client:
        client.delete(_key(number))


def _empty(number: int) -> None:
    with redis.Redis.from_url(f"{REDIS}/{number}", socket_connect_timeout=PATIENCE_SECONDS) as client:
        client.flushdb()


def _key(number: int) -> str:
    return f"portal-tests-taken-by:{number}"
