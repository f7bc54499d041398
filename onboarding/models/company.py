import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Product(models.TextChoices):
    BILL_PAY_ASYNC = "bill_pay_async", _("Bill Pay (asynchronous)")
    BILL_PAY_SYNC = "bill_pay_sync", _("Bill Pay (synchronous)")
    EXPENSES = "expenses", _("Expenses")


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    FRENCH = "fr", "Français"


class Company(models.Model):
    """A customer of ours, and its one company at Codat.

    `uid` travels to Codat as the tag `uid`, so that a create whose answer was lost can be found again.
    `name` is the customer's real name; `codat_name` what Codat kept of it.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ref = models.CharField("reference", max_length=8, unique=True, editable=False)
    customer_id = models.CharField("customer ID", max_length=100, unique=True)
    name = models.CharField(max_length=255)
    email = models.EmailField("email of the customer")
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    product = models.CharField(max_length=20, choices=Product.choices)
    contact = models.CharField("contact's name", max_length=120, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="Two letters, such as GB.")
    time_zone = models.CharField(max_length=64, blank=True, help_text="Such as Europe/London.")
    tags = models.JSONField("further Codat tags", default=dict, blank=True)
    people: models.ManyToManyField = models.ManyToManyField("User", through="Membership", related_name="companies")
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    codat_id = models.UUIDField("Codat company ID", null=True, blank=True, unique=True, editable=False)
    codat_name = models.CharField(max_length=255, blank=True, editable=False)
    codat_products = models.JSONField(default=list, editable=False)
    gone_at = models.DateTimeField("deleted at Codat", null=True, editable=False)
    checked_at = models.DateTimeField("Codat last asked", null=True, editable=False)
    create_key = models.UUIDField(null=True, editable=False)  # Idempotency-Key of the create under way
    create_asked_at = models.DateTimeField(null=True, editable=False)  # sent, and no answer kept: look before repeating
    held_until = models.DateTimeField(null=True, editable=False)  # one process at a time acts for a company at Codat
    held_by = models.UUIDField(null=True, editable=False)

    # Where the company stands, derived by usecases.standing from all the above; lists and searches read these.
    state = models.CharField(max_length=12, default="new", editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    turn = models.PositiveSmallIntegerField(default=1, editable=False)  # in the morning: needs us, waits, settled
    needs = models.CharField("needs someone because", max_length=24, blank=True, editable=False)
    needs_since = models.DateTimeField(null=True, editable=False)
    platform_key = models.CharField(max_length=10, blank=True, editable=False)
    organisation = models.CharField(max_length=255, blank=True, editable=False)
    last_read_at = models.DateTimeField(null=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    # The six steps of onboarding: each is the first time that it happened.
    invited_at = models.DateTimeField(null=True, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    picked_at = models.DateTimeField(null=True, editable=False)
    at_link_at = models.DateTimeField(null=True, editable=False)
    linked_at = models.DateTimeField(null=True, editable=False)
    first_read_at = models.DateTimeField(null=True, editable=False)
    invited_by = models.ForeignKey("User", null=True, editable=False, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(condition=Q(product__in=Product.values), name="company_product_known"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="company_language_known"),
        ]
        indexes = [
            models.Index("state_since", name="company_needs", condition=~Q(needs="")),
            # Lists are read in the order of the morning, whatever they are filtered by.
            models.Index(fields=["turn", "state_since", "id"], name="company_morning"),
            models.Index(fields=["state", "turn", "state_since", "id"], name="company_state"),
            models.Index(fields=["platform_key", "turn", "state_since", "id"], name="company_platform"),
            models.Index(fields=["product", "turn", "state_since", "id"], name="company_product"),
            models.Index(fields=["email"], name="company_email"),
            models.Index(fields=["invited_at"], name="company_invited"),
        ]
        permissions = [
            ("send_link", "Can send a link again"),
            ("copy_link", "Can copy a customer's link"),
            ("choose_software", "Can choose software for a customer"),
            ("open_link", "Can open Link for a customer"),
            ("check_status", "Can check with Codat"),
            ("read_data", "Can have the data read now"),
            ("start_afresh", "Can start afresh"),
            ("retry_partner", "Can retry the partner connection"),
            ("revoke_invitation", "Can revoke an invitation"),
            ("view_as_customer", "Can see a customer's pages, read-only"),
            ("end_sessions", "Can end a customer's sessions"),
            ("manage_people", "Can add and remove people"),
            ("answer_request", "Can answer a request for other software"),
            ("edit_identity", "Can change the customer ID"),
            ("ask_deletion", "Can ask to delete a company at Codat"),
            ("confirm_deletion", "Can confirm that a company is deleted at Codat"),
            ("act_in_bulk", "Can act on many companies at once"),
            ("export_companies", "Can export companies"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.ref})"


class Role(models.TextChoices):
    MEMBER = "member", _("Member")
    CONNECTOR = "connector", _("Connector")  # a colleague who was asked to connect, and sees nothing else


class Membership(models.Model):
    """Who may open a company, and how far."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.company}"
