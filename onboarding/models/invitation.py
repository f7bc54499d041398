import uuid

from django.db import models

from .company import Language, Role


class Invitation(models.Model):
    """An address that may become somebody of a company. Its link is a signature over `uid`, never stored."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    language = models.CharField(max_length=2, choices=Language.choices)
    note = models.TextField(blank=True)
    by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)  # its page's button was pressed
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["email"], name="invitation_email")]

    def __str__(self) -> str:
        return f"{self.email} to {self.company_id}"


class SignInLink(models.Model):
    """The button of a sign-in mail. Only a digest of its token is kept."""

    user = models.ForeignKey("User", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    next_path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"


class Consent(models.Model):
    """What somebody agreed to share: the words, their version, when and by whom."""

    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="consents")
    connection = models.ForeignKey("Connection", null=True, on_delete=models.SET_NULL, related_name="consents")
    user = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    platform_key = models.CharField(max_length=10)
    product = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    text_version = models.CharField(max_length=20)
    data_types = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["company", "-at"], name="consent_of_company")]

    def __str__(self) -> str:
        return f"consent {self.text_version} of {self.company_id}"


class SoftwareRequest(models.Model):
    """A customer uses something that we do not list: a task for staff."""

    company = models.ForeignKey("Company", on_delete=models.CASCADE, related_name="software_requests")
    user = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")
    software = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.software
