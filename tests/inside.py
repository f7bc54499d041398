"""Looking into a portal's database from a test: its rows through the models, whatever processes use it meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import requests
from django.conf import settings
from django.db import connections
from django.db.utils import ConnectionHandler
from django.test import Client

from onboarding.models import User

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
CSRF = "a" * 32


@contextmanager
def looking_into(database_url: str) -> Iterator[None]:
    """The tests' own models read and write this database meanwhile."""
    told = environ.Env.db_url_config(database_url)
    if told["ENGINE"].endswith("sqlite3"):
        told["OPTIONS"] = dict(SQLITE_OPTIONS)
    before = connections.settings["default"]
    connections.close_all()
    connections.settings["default"] = ConnectionHandler({"default": told}).settings["default"]
    _forget_connection()
    try:
        yield
    finally:
        connections.close_all()
        connections.settings["default"] = before
        _forget_connection()


def _forget_connection() -> None:
    """This thread's; others make theirs anew."""
    if hasattr(connections._connections, "default"):
        del connections["default"]


def copy_sqlite(template: Path, to: Path) -> str:
    """The address of a copy of a database file that nobody uses."""
    shutil.copyfile(template, to)
    return f"sqlite:///{to}"


class Customer:
    """A person at a running portal, signed in if there is a user, who answers pages as a browser would.

    Follows no redirect.
    """

    def __init__(self, url: str, user: User | None) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set(settings.CSRF_COOKIE_NAME, CSRF)
        if user is not None:
            client = Client()
            client.force_login(user)
            self._session.cookies.set(settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)

    @property
    def cookies(self) -> dict[str, str]:
        return self._session.cookies.get_dict()

    def get(self, path: str, timeout_seconds: float = 30.0) -> requests.Response:
        return self._session.get(self.url + path, timeout=timeout_seconds, allow_redirects=False)

    def post(self, path: str, timeout_seconds: float = 40.0, **fields: str) -> requests.Response:
        told = {**fields, "csrfmiddlewaretoken": CSRF}
        return self._session.post(self.url + path, data=told, timeout=timeout_seconds, allow_redirects=False)
