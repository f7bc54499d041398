"""Numbers for machines: for the bearer of the token alone, and true."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from onboarding.models import Delivery, Heartbeat, Upload
from tests import factories

pytestmark = pytest.mark.django_db
TOKEN = "only-for-tests-metrics"


@pytest.fixture(autouse=True)
def _with_a_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def page(client: Client, token: str = TOKEN) -> str:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
def test_nobody_else_learns_that_it_is_there(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/metrics", headers=headers).status_code == 404


def test_without_a_token_there_is_no_such_page(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_queues_ages_and_companies_are_counted(client: Client) -> None:
    now = timezone.now()
    factories.local_connection(factories.company(factories.ana()))
    Heartbeat.objects.create(name="worker", at=now - timedelta(seconds=30))
    Delivery.objects.create(webhook_id="msg_1", event_type="connection.connected", not_before=now)
    Upload.objects.create(not_before=now)
    Upload.objects.create(checked_at=now)  # waits for a person

    lines = page(client).splitlines()

    assert "portal_deliveries_waiting 1" in lines
    assert "portal_uploads_waiting 1" in lines
    assert 'portal_companies{state="reading"} 1' in lines
    assert any(line.startswith('portal_heartbeat_age_seconds{name="worker"} 3') for line in lines)
    assert len([line for line in lines if line.startswith("# TYPE portal_companies gauge")]) == 1


def test_a_quiet_portal_has_no_old_messages(client: Client) -> None:
    assert "portal_delivery_oldest_seconds 0" in page(client).splitlines()
