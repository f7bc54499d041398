from django.db import models
from django.db.models import Q

from ..lifecycle import Source


class Event(models.Model):
    """A line of a company's timeline: what happened, when, by whom, why, and Codat's names for it.

    Lines are written with what they tell of, in the same transaction, and never changed.
    """

    company = models.ForeignKey("Company", null=True, on_delete=models.CASCADE, related_name="events")
    connection = models.ForeignKey("Connection", null=True, on_delete=models.SET_NULL, related_name="history")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=10, choices=[(word.value, word.name.title()) for word in Source])
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    before = models.CharField(max_length=255, blank=True)
    after = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    is_problem = models.BooleanField(default=False)
    correlation_id = models.CharField(max_length=64, blank=True)
    delivery_id = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["company", "-at", "-id"], name="event_timeline"),
            models.Index(fields=["kind", "at"], name="event_kind"),
            models.Index(fields=["at"], name="event_age"),
            models.Index(fields=["correlation_id"], name="event_correlation", condition=~Q(correlation_id="")),
            models.Index(fields=["delivery_id"], name="event_delivery", condition=~Q(delivery_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
