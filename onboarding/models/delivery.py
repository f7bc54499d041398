from django.db import models
from django.db.models import Q


class Delivery(models.Model):
    """A signed webhook message, kept once for each `webhook-id`. The row is the queue.

    `payload` has lost its link URLs and one-time passwords before it came here.
    """

    webhook_id = models.CharField(primary_key=True, max_length=100)
    event_type = models.CharField(max_length=100)
    event_id = models.CharField(max_length=64, blank=True)
    generated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    company_codat_id = models.UUIDField(null=True)
    connection_codat_id = models.UUIDField(null=True)
    payload = models.JSONField(default=dict)

    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["not_before"],
                name="delivery_due",
                condition=Q(done_at__isnull=True, parked_at__isnull=True),
            ),
            models.Index(fields=["received_at"], name="delivery_age"),
            models.Index(fields=["parked_at"], name="delivery_parked", condition=Q(parked_at__isnull=False)),
            models.Index(fields=["event_id"], name="delivery_event"),
            models.Index(fields=["company_codat_id", "received_at"], name="delivery_company"),
        ]
        permissions = [
            ("view_payload", "Can see raw payloads"),
            ("replay_delivery", "Can replay deliveries"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.webhook_id}"


class Claim(models.Model):
    """Messages that one worker handles now, by `webhook_id`: nobody else takes them until then.

    A row for a batch, and not a mark on each message: that is an index's work for each, and every message is written
    to once less. A worker takes its claim away when it is through; a dead one's is found by who claims next.
    """

    until = models.DateTimeField()
    webhook_ids = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{len(self.webhook_ids)} messages until {self.until:%H:%M:%S}"
