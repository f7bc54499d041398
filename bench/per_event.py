"""The naive way to handle events: each alone, by get, get, save and save; in a loop, or as a Celery task."""

import django
from django.apps import apps

from portal.celery import app

if not apps.ready:
    django.setup()

from django.utils import timezone

from onboarding.models import Connection, Delivery


def handle(webhook_id: str) -> None:
    delivery = Delivery.objects.get(pk=webhook_id)
    connection = Connection.objects.get(codat_id=delivery.connection_codat_id)
    told = delivery.payload.get("connection", {}).get("status")
    connection.status = told or connection.status
    connection.seen_at = delivery.generated_at
    connection.save()
    delivery.done_at = timezone.now()
    delivery.save()


@app.task(name="bench.handle")
def task(webhook_id: str) -> None:
    handle(webhook_id)
