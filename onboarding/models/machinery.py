"""What the processes share: Codat's allowance, leases, sweeps, signs of life, counts."""

from django.db import models


class Quota(models.Model):
    """One row for all processes: what Codat still allows us. Written by onboarding.quota alone."""

    limit = models.PositiveIntegerField(null=True)
    remaining = models.IntegerField(null=True)
    reset_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    paced_until = models.DateTimeField(null=True)  # the per-minute limit is spent up to here
    running = models.PositiveIntegerField(default=0)  # calls under way that began in the present span
    running_before = models.PositiveIntegerField(default=0)  # and in the one before it
    running_since = models.DateTimeField(null=True)  # start of the present span
    blocked_until = models.DateTimeField(null=True)  # Codat's Retry-After: nobody asks before
    failures = models.PositiveIntegerField(default=0)  # unreachable in a row
    down_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)  # the circuit is open until then
    answered_at = models.DateTimeField(null=True)  # the last answer of any kind
    refused_code = models.PositiveSmallIntegerField(null=True)  # 401, 402, 403: staff must act
    refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.remaining} of {self.limit}"


class Lease(models.Model):
    """Who may do a thing that only one may do at a time. A dead holder's runs out by itself."""

    name = models.CharField(primary_key=True, max_length=40)
    held_by = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Sweep(models.Model):
    """One walk through Codat's list of companies. `next_page` lets a stopped one go on."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    next_page = models.PositiveIntegerField(default=1)
    asked = models.PositiveIntegerField(default=0)  # requests
    seen = models.PositiveIntegerField(default=0)  # companies listed
    changed = models.PositiveIntegerField(default=0)
    adopted = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    missed_by_webhook = models.PositiveIntegerField(default=0)  # changes whose event should have come
    is_whole = models.BooleanField(default=False)  # every page was read: only then may absence mean anything
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="sweep_newest")]

    def __str__(self) -> str:
        return f"sweep of {self.started_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a part of the machinery last showed that it is alive."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """A count by day: refused signatures, unknown event types, uses of an old secret."""

    name = models.CharField(max_length=120)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="tally_once_a_day")]

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"


class Alarm(models.Model):
    """Something that staff must know of, raised once and cleared by itself or by a person."""

    name = models.CharField(max_length=60)
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(cleared_at__isnull=True), name="alarm_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
