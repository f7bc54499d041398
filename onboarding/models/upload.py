import uuid

from django.db import models
from django.db.models import Q


class Upload(models.Model):
    """A file that staff gave to import. The row is the queue.

    It is looked through first; then it waits for a person, whose start gives it a batch; then its rows are stored in
    that batch, and it goes.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    size = models.PositiveIntegerField(default=0)  # bytes
    lines = models.PositiveIntegerField(default=0)  # for a bar alone: a cell may hold line breaks

    not_before = models.DateTimeField(null=True)  # none while it arrives or waits for a person
    attempts = models.PositiveSmallIntegerField(default=0)  # claims since the last step ahead
    line = models.PositiveIntegerField(default=0)  # the rows up to this line of the file are taken in
    rows = models.PositiveIntegerField(default=0)  # those that the look found so far

    digest = models.CharField(max_length=64, blank=True)
    header = models.JSONField(default=list)
    delimiter = models.CharField(max_length=1, blank=True)
    encoding = models.CharField(max_length=20, blank=True)
    report = models.JSONField(default=dict)  # `checking.Report`, as far as it goes
    problems = models.JSONField(default=list)  # sentences: why the file as a whole cannot be used
    checked_at = models.DateTimeField(null=True)
    batch = models.ForeignKey("Batch", null=True, on_delete=models.CASCADE, related_name="uploads")

    class Meta:
        default_permissions = ()  # the right to import companies opens it, by a page of ours
        indexes = [models.Index(fields=["not_before"], name="upload_due", condition=Q(not_before__isnull=False))]

    def __str__(self) -> str:
        return self.name or str(self.uid)

    @property
    def is_being_read(self) -> bool:
        """Whether it is still being looked through, or waits for that."""
        return self.checked_at is None and not self.problems


class UploadPart(models.Model):
    """A piece of a file, compressed: web hosts and workers share the database, and no disk."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()  # from 0, without a gap
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="upload_part_once")]

    def __str__(self) -> str:
        return f"part {self.number}"
