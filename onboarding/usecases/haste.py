"""For work that finds everything again if the machine dies: its commits need not wait for the disk."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection


@contextmanager
def hasty() -> Iterator[None]:
    """On PostgreSQL a crash of the server may lose the last moment's commits inside, in order; no half of one.

    Never for what we have acknowledged to somebody. SQLite is set up like this for everything.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a broken session has forgotten it already
            cursor.execute("RESET synchronous_commit")
