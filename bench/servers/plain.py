"""A plain Django view that keeps the event: no middleware, the ORM, and the connection kept, or Django's default."""

import json
import os

import django
import environ as environment
from django.conf import settings

DATABASE = environment.Env.db_url_config(os.environ["DATABASE_URL"])
DATABASE["CONN_MAX_AGE"] = int(os.environ.get("PLAIN_MAX_AGE", "60"))  # seconds; Django's default is 0
settings.configure(
    SECRET_KEY="only-for-benchmarks",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE},
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import re_path  # noqa: E402
from django.utils import timezone  # noqa: E402
from standardwebhooks.webhooks import Webhook  # noqa: E402

SECRET = os.environ["CODAT_WEBHOOK_SECRET"]
IS_NAIVE = DATABASE["CONN_MAX_AGE"] == 0


class Message(models.Model):  # noqa: DJ008  nobody reads it
    webhook_id = models.CharField(primary_key=True, max_length=100)
    event_type = models.CharField(max_length=100)
    event_id = models.CharField(max_length=64)
    generated_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    company_codat_id = models.UUIDField()
    connection_codat_id = models.UUIDField()
    payload = models.JSONField()
    not_before = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    outcome = models.CharField(max_length=40, default="")
    error = models.TextField(default="")

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "bench_plain"


def view(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse()
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    Webhook(SECRET).verify(request.body, {name: request.headers[name] for name in names})
    told = json.loads(request.body)
    row = Message(
        webhook_id=request.headers["webhook-id"],
        event_type=told["eventType"],
        event_id=told["id"],
        generated_at=told["generatedDate"],
        company_codat_id=told["payload"]["referenceCompany"]["id"],
        connection_codat_id=told["payload"]["connection"]["id"],
        payload=told["payload"],
        not_before=timezone.now(),
    )
    if not (IS_NAIVE and Message.objects.filter(pk=row.pk).exists()):
        row.save(force_insert=True)
    return HttpResponse()


urlpatterns = [re_path("", view)]
application = get_wsgi_application()
