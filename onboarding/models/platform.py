from django.db import models


class PlatformState(models.Model):
    """What Codat says of a platform: whether our customers may use it, and its logo, kept on our side."""

    platform_key = models.CharField(primary_key=True, max_length=10)
    name = models.CharField(max_length=120, blank=True)
    is_enabled = models.BooleanField(default=False)
    checked_at = models.DateTimeField(null=True)
    logo = models.BinaryField(null=True)
    logo_type = models.CharField(max_length=40, blank=True)
    logo_digest = models.CharField(max_length=16, blank=True)
    logo_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name or self.platform_key


class PlatformPause(models.Model):
    """New connections to a platform are stopped for a while; customers read why."""

    platform_key = models.CharField(max_length=10)
    reason_en = models.CharField("reason, in English", max_length=300)
    reason_fr = models.CharField("reason, in French", max_length=300)
    until = models.DateTimeField()
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["platform_key", "until"], name="pause_of_platform")]
        permissions = [("pause_platform", "Can pause a platform and resume it")]

    def __str__(self) -> str:
        return f"{self.platform_key} until {self.until:%Y-%m-%d %H:%M}"
