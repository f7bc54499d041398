"""A webhook message is sent over the kept connection unasked: what happens when that one is dead, or only slow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.db import connection as database

from onboarding.models import Delivery
from onboarding.usecases import webhooks
from tests.processes import Portal
from tests.services.conftest import SharedPostgres
from tests.stacks import MakePortal
from tests.webhooks.letters import headers, letter

pytestmark = [pytest.mark.services, pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def portal(make_portal: MakePortal) -> Portal:
    return make_portal()


def accept(message_id: str) -> None:
    body = letter("company.created", {})
    webhooks.accept(body, headers(body, message_id=message_id))


@contextmanager
def counted() -> Any:
    sent: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with database.execute_wrapper(note):
        yield sent


def test_message_is_kept_though_the_kept_connection_is_dead(postgres: SharedPostgres) -> None:
    accept("msg_before")
    postgres.execute(f"SELECT pg_terminate_backend({database.connection.info.backend_pid})")
    with counted() as sent:
        accept("msg_after")

    assert len(sent) == 2
    assert set(Delivery.objects.values_list("pk", flat=True)) == {"msg_before", "msg_after"}


def test_message_for_which_the_database_takes_too_long_is_not_sent_twice() -> None:
    accept("msg_before")
    dsn = database.connection.info.dsn
    with psycopg.connect(dsn) as other, database.cursor() as cursor:
        other.execute("LOCK onboarding_delivery IN EXCLUSIVE MODE")
        cursor.execute("SET statement_timeout TO 200")
        with counted() as sent, pytest.raises(OperationalError):
            accept("msg_after")
        cursor.execute("RESET statement_timeout")

    assert len(sent) == 1
