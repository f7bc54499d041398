"""The environment of the tests, set before Django reads its settings."""

import atexit
import os
from pathlib import Path

_FOLDER = os.environ.get("TEST_VAR_DIR", "var/test")  # two runs at once need one each: the database lies there
Path(__file__).resolve().parent.parent.joinpath(_FOLDER, "static").mkdir(parents=True, exist_ok=True)
if os.environ.get("TEST_ON") == "services":  # the ordinary tests on PostgreSQL and Redis
    from tests.services_at import database_of, give_back_redis, postgres_url, take_redis

    _cache_url, _number = take_redis(f"{_FOLDER} {os.getpid()}")
    atexit.register(give_back_redis, _number)
    os.environ.update(DATABASE_URL=postgres_url(database_of(_FOLDER)), CACHE_URL=_cache_url)
os.environ.setdefault("CELERY_BROKER_URL", "memory://")  # nobody takes what tests send; service tests name a real one
os.environ.update(
    {
        "ENV_FILE": os.devnull,  # a developer's own settings are no part of the tests
        "VAR_DIR": _FOLDER,
        "DEMO": "0",
        "DEBUG": "0",
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
        "PUBLIC_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "CODAT_BASE_URL": "http://127.0.0.1:9",
        "CODAT_API_KEY": "test-key",
        "CODAT_WEBHOOK_SECRET": "whsec_dGVzdHMtb25seS13ZWJob29rLXNlY3JldC0wMTIz",
        "EMAIL_URL": "memorymail://",
        "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",  # nothing is collected
        "STAFF_SECOND_FACTOR": "0",
        "LOG_FORMAT": "console",
        "BRAND_NAME": "Alderway",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
)
