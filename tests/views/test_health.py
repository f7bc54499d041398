from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import Heartbeat


def test_alive_asks_nothing_of_the_database(client: Client):
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_ready_while_the_worker_beats(client: Client):
    Heartbeat.objects.create(name="worker", at=timezone.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


@pytest.mark.django_db
def test_not_ready_when_the_worker_was_never_seen(client: Client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "never seen")


@pytest.mark.django_db
def test_not_ready_when_the_worker_is_silent(client: Client):
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=5))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "last seen 300 s ago")


def test_not_ready_without_a_database(client: Client, settings, django_db_blocker, monkeypatch):
    from django.db import OperationalError, connection

    def refuse(*_args, **_kwargs):
        raise OperationalError("password=hunter2")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with django_db_blocker.unblock():
        answer = client.get("/readyz")
    assert answer.json() == {"ready": False, "database": "does not answer"}
