from django.db import models
from django.db.models import Q


class Mail(models.Model):
    """A mail to be sent, or that was. The row is the queue; a code or token in it is emptied once it is sent."""

    kind = models.CharField(max_length=24)
    to = models.EmailField()
    language = models.CharField(max_length=2)
    company = models.ForeignKey("Company", null=True, on_delete=models.CASCADE, related_name="mails")
    connection = models.ForeignKey("Connection", null=True, on_delete=models.SET_NULL, related_name="+")
    invitation = models.ForeignKey("Invitation", null=True, on_delete=models.SET_NULL, related_name="mails")
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    reply_to = models.EmailField(blank=True)
    facts = models.JSONField(default=dict)  # what its words need; never a Codat link
    once = models.CharField(max_length=120, null=True, unique=True)  # what makes it the same mail, so never twice
    created_at = models.DateTimeField(auto_now_add=True)

    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)  # given up
    bounced_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)  # its button was pressed
    dropped_at = models.DateTimeField(null=True)  # no longer wanted when its time came
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="mail_due",
                condition=Q(sent_at__isnull=True, failed_at__isnull=True, dropped_at__isnull=True),
            ),
            models.Index(fields=["to"], name="mail_to"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class MailRefusal(models.Model):
    """Somebody wants no more reminders about a company. Codes and receipts still go."""

    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="mail_refusals")
    email = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "email"], name="mail_refusal_once")]

    def __str__(self) -> str:
        return self.email
