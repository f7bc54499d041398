import uuid

from django.db import models
from django.db.models import Q


class BatchKind(models.TextChoices):
    ONBOARD = "onboard", "Onboard companies"
    ADOPT = "adopt", "Adopt companies"
    INVITE = "invite", "Invite"
    REMIND = "remind", "Send links again"
    CHECK = "check", "Check with Codat"
    READ = "read", "Read data now"
    UNLINK = "unlink", "Unlink"
    OFFBOARD = "offboard", "Off-board"


class RowStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Already there"
    FAILED = "failed", "Needs you"


class Batch(models.Model):
    """Work on many companies, stored as rows before any of it is done."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=BatchKind.choices)
    name = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # of the file: the same file again goes on
    header = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    stored_at = models.DateTimeField(null=True)  # every row is in
    stopped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)  # why the whole batch stopped

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["digest"], name="batch_digest")]
        permissions = [
            ("import_companies", "Can import companies from a file"),
            ("stop_batch", "Can stop and continue a batch"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.uid)[:8]}"


class BatchRow(models.Model):
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    company = models.ForeignKey("Company", null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=8, choices=RowStatus.choices, default=RowStatus.WAITING)
    reason = models.TextField(blank=True)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="batch_row_line_once")]
        indexes = [
            models.Index(fields=["batch", "not_before"], name="batch_row_due", condition=Q(status=RowStatus.WAITING)),
            models.Index(fields=["batch", "status"], name="batch_row_status"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"
