from django.db import models
from django.db.models import Q


class Note(models.Model):
    """What staff know of a company and Codat does not."""

    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


class DeletionRequest(models.Model):
    """Deleting a company at Codat takes two people: one asks, another confirms."""

    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="deletion_requests")
    asked_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField()
    confirmed_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    done_at = models.DateTimeField(null=True)
    batch = models.ForeignKey("Batch", null=True, on_delete=models.SET_NULL, related_name="deletions")
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(done_at__isnull=True, withdrawn_at__isnull=True),
                name="deletion_request_one_open",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("asked_by")),
                name="deletion_needs_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"delete {self.company_id}"
