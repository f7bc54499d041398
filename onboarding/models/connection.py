from django.db import models
from django.db.models import Q

from ..lifecycle import RELINKABLE, UNFINISHED, Status
from ..platforms import name_of


class Kind(models.TextChoices):
    ACCOUNTING = "accounting", "Accounting"
    PARTNER_EXPENSE = "partner_expense", "Partner expense"


class Origin(models.TextChoices):
    OURS = "ours", "Made here"
    ELSEWHERE = "elsewhere", "Made outside this site"


class Connection(models.Model):
    """One of a company's connections at Codat. `status` is written by usecases.door.record alone."""

    company = models.ForeignKey("Company", on_delete=models.PROTECT, related_name="connections")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.ACCOUNTING)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.OURS)
    platform_key = models.CharField(max_length=10)
    platform_name = models.CharField(max_length=120, blank=True)  # Codat's, for platforms outside our table
    codat_id = models.UUIDField("Codat connection ID", null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    status = models.CharField(
        max_length=16, choices=[(word.value, word.value) for word in Status], default=Status.STARTING.value
    )
    unknown_status = models.CharField(max_length=40, blank=True)  # Codat's newest word, if it is none that we know
    status_at = models.DateTimeField(null=True)  # since when the status has held
    seen_at = models.DateTimeField(null=True)  # when it was last true, in Codat's time
    seen_by_read = models.BooleanField(default=False)  # whether that was our own question, not news

    is_unfinished = models.BooleanField(default=False)  # our own start that has not ended: one for each company
    create_key = models.UUIDField(null=True)  # Idempotency-Key of the create under way
    create_asked_at = models.DateTimeField(null=True)  # sent, and no answer kept: look before repeating

    started_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    left_at = models.DateTimeField(null=True)  # last sent to Link
    returned_at = models.DateTimeField(null=True)  # last back from Link
    returned_code = models.PositiveSmallIntegerField(null=True)  # what the address said: a hint, never a fact
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(blank=True)  # Codat's or the platform's words, for the details box
    linked_at = models.DateTimeField(null=True)  # last time it became Linked
    let_go_at = models.DateTimeField(null=True)  # the customer wants it left disconnected

    organisation = models.CharField(max_length=255, blank=True)  # the name read back from the accounting file
    organisation_was = models.CharField(max_length=255, blank=True)  # before the last authorisation
    organisation_kept_at = models.DateTimeField(null=True)  # the customer said: yes, the right one
    reads = models.JSONField(default=dict)  # data type → {status, at, done_at}: see usecases.reads
    read_started_at = models.DateTimeField(null=True)
    first_read_at = models.DateTimeField(null=True)  # the read after the last authorisation has ended
    last_read_at = models.DateTimeField(null=True)  # the newest successful read of anything
    read_asked_at = models.DateTimeField(null=True)  # when we last asked Codat to read

    look_at = models.DateTimeField(null=True)  # when usecases.follow is due for it; the row is the queue
    looks = models.PositiveSmallIntegerField(default=0)
    look_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[word.value for word in Status]), name="connection_status_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="connection_kind_known"),
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(is_unfinished=True),
                name="connection_one_unfinished",
                violation_error_message="This company already has an unfinished connection.",
            ),
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(kind=Kind.PARTNER_EXPENSE, origin=Origin.OURS) & ~Q(status=Status.DELETED.value),
                name="connection_one_partner",
                violation_error_message="This company already has a partner expense connection.",
            ),
        ]
        indexes = [
            models.Index(fields=["look_at"], name="connection_due", condition=Q(look_at__isnull=False)),
            models.Index(fields=["last_read_at"], name="connection_quiet", condition=Q(status=Status.LINKED.value)),
        ]
        permissions = [
            ("unlink_connection", "Can unlink a connection"),
            ("remove_connection", "Can delete a connection at Codat"),
        ]

    def __str__(self) -> str:
        return f"{self.platform_key} of {self.company_id}"

    @property
    def software_name(self) -> str:
        """The platform's full name, as people read it."""
        return name_of(self.platform_key, self.platform_name)

    @property
    def is_linked(self) -> bool:
        return self.status == Status.LINKED

    @property
    def can_relink(self) -> bool:
        """Whether its own link URL leads back to Linked."""
        return self.codat_id is not None and self.status in RELINKABLE

    @property
    def is_pending(self) -> bool:
        return self.status in UNFINISHED
