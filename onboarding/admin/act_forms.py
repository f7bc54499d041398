"""What an action asks before it is done. Every form has a reason; where it hurts, it must be given."""

from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser

from ..forms import RowForm
from ..models import Connection, Language, Product, User
from ..usecases import platforms
from .desk import Desk

REASON = "Reason or ticket"


class Ask(forms.Form):
    """The base of all: an optional reason."""

    reason = forms.CharField(label=f"{REASON} (optional)", max_length=300, required=False)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        self.desk = desk
        super().__init__(*args, **kwargs)
        self.prepare()
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def prepare(self) -> None:
        """Choices that follow from the desk."""


class AskWhy(Ask):
    reason = forms.CharField(label=REASON, max_length=300)


class AskForConnection(AskWhy):
    """Which of the company's connections: hidden when there is only one to speak of."""

    connection = forms.ModelChoiceField(Connection.objects.none(), empty_label=None)

    def candidates(self) -> list[Connection]:
        return self.desk.linked

    def prepare(self) -> None:
        rows = self.candidates()
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Connection.objects.filter(pk__in=[row.pk for row in rows]).select_related("company")
        field.label_from_instance = _named  # type: ignore[assignment,method-assign]
        current = self.desk.current
        field.initial = current.pk if current in rows and current else rows[0].pk if rows else None
        if len(rows) == 1:
            field.widget = forms.HiddenInput()


def _named(connection: Connection) -> str:
    name = connection.software_name or "Partner expense connection"
    organisation = f", {connection.organisation}" if connection.organisation else ""
    return f"{name}{organisation} ({connection.status})"


class TypeReference(AskWhy):
    """Whoever means it types the reference of the company."""

    reference = forms.CharField(max_length=12, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def prepare(self) -> None:
        super().prepare()
        self.fields["reference"].label = f"Type {self.desk.company.ref} to go on"

    def clean_reference(self) -> str:
        told: str = self.cleaned_data["reference"].strip().upper()
        if told != self.desk.company.ref:
            raise forms.ValidationError(f"This is not the reference: type {self.desk.company.ref}.")
        return told


class ConfirmReference(TypeReference):
    reason = forms.CharField(label=f"{REASON} (optional)", max_length=300, required=False)


class RemoveConnection(TypeReference, AskForConnection):
    def candidates(self) -> list[Connection]:
        rows = [row for row in self.desk.connections if row.status != "Deleted"]
        return [*rows, self.desk.partner] if self.desk.partner else rows

    def prepare(self) -> None:
        AskForConnection.prepare(self)
        self.fields["reference"].label = f"Type {self.desk.company.ref} to go on"


class ChooseSoftware(Ask):
    platform = forms.ChoiceField(label="Software", widget=forms.RadioSelect)

    def prepare(self) -> None:
        offers = platforms.offered(self.desk.company)
        field = self.fields["platform"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (offer.platform.key, offer.platform.name + (" (paused)" if offer.pause else "")) for offer in offers
        ]


class ChooseInvitation(Ask):
    invitation = forms.TypedChoiceField(label="Invitation", coerce=int)

    def prepare(self) -> None:
        field = self.fields["invitation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.pk, f"{row.email} ({row.get_role_display()})") for row in self.desk.open_invitations]
        field.initial = field.choices[0][0] if field.choices else None
        if len(field.choices) == 1:
            field.widget = forms.HiddenInput()


class ChooseRequest(Ask):
    request = forms.TypedChoiceField(label="Request", coerce=int)

    def prepare(self) -> None:
        field = self.fields["request"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.pk, row.software) for row in self.desk.open_requests]
        field.initial = field.choices[0][0] if field.choices else None
        if len(field.choices) == 1:
            field.widget = forms.HiddenInput()


class ChoosePerson(Ask):
    person = forms.TypedChoiceField(coerce=int)

    def prepare(self) -> None:
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (row.user_id, f"{row.user.name or row.user.email} <{row.user.email}>") for row in self.desk.people
        ]


class ChoosePeople(Ask):
    person = forms.TypedChoiceField(label="Whose sessions", coerce=int, initial=0)

    def prepare(self) -> None:
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)
        people = [(row.user_id, f"{row.user.name or row.user.email} <{row.user.email}>") for row in self.desk.people]
        field.choices = [(0, "Everybody's"), *people]


class AddPerson(Ask):
    email = forms.EmailField(label="Email address", max_length=254)
    name = forms.CharField(max_length=120, required=False)
    invite = forms.BooleanField(
        label="Send an invitation", required=False, initial=True, help_text="Otherwise the address can sign in by code."
    )

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email=email, is_staff=True).exists():
            raise forms.ValidationError("This is an address of staff: it cannot be a customer's.")
        return email


class WriteNote(Ask):
    text = forms.CharField(label="Add a note", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))

    def prepare(self) -> None:
        del self.fields["reason"]


class CompanyForm(RowForm):
    """The columns of a row and what only people write; every rule of the columns is the file's own."""

    phone = forms.CharField(max_length=40, required=False)
    reason = forms.CharField(label=f"{REASON} (optional)", max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["platform"]
        self.fields["product"].widget = forms.Select(choices=Product.choices)
        self.fields["language"].widget = forms.Select(choices=Language.choices)
        self.fields["email"].widget = forms.EmailInput()
        for name in ("email", "product"):
            self.fields[name].widget.is_required = True
        self.order_fields(ORDER)

    def clean(self) -> dict[str, Any]:
        written: dict[str, Any] = {
            name: self.cleaned_data[name] for name in ("phone", "reason", "invite") if name in self.cleaned_data
        }
        told: dict[str, Any] = {**super().clean(), **written}
        if User.objects.filter(email=told.get("email", ""), is_staff=True).exists():
            self.add_error("email", "This is an address of staff: it cannot be a customer's.")
        return told


ORDER = ["customer_id", "name", "email", "product", "language", "contact", "phone", "country", "time_zone", "invite"]


class EditCompany(CompanyForm):
    """What staff may correct. Each field carries what it was, so that only what this person changed is saved."""

    def __init__(self, *args: Any, user: User | AnonymousUser, product_is_fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() - {"reason"}:
            self.fields[name].show_hidden_initial = True
        if not user.has_perm("onboarding.edit_identity"):
            _show_only(self.fields["customer_id"], "Only a support lead may change it.")
        if product_is_fixed:
            _show_only(self.fields["product"], "It can be changed only before software is connected.")


class AddCompany(CompanyForm):
    invite = forms.BooleanField(label="Send the invitation now", required=False, initial=True)


def _show_only(field: forms.Field, why: str) -> None:
    field.disabled, field.help_text = True, why
