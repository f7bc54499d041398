"""Staff accounts and their groups: for superusers. Customers are no part of this list; they live with their company."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from ..models import User
from ..usecases import support
from . import frame
from .lists import Found, KeysetList


class StaffCreation(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("This address is taken: a customer's cannot become staff's.")
        return email

    def save(self, commit: bool = True) -> User:
        self.instance.is_staff = True
        return super().save(commit)


class StaffChange(UserChangeForm):
    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_superuser", "groups")
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])


@admin.register(User)
class StaffAdmin(Found, UserAdmin):
    """Only superusers change accounts; auditors may look. Nobody is deleted: an account is made inactive."""

    form, add_form = StaffChange, StaffCreation
    key = ("email",)
    drawn_from = ()
    change_list_template = "admin/keyset_list.html"
    ordering = ("email",)
    list_display = ("email", "name", "role", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("email", "name")
    search_label = "Find staff"
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 25
    actions = ("reset_second_factor",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetList]:
        return KeysetList

    def prepare(self, rows: list[User]) -> None:
        """Nothing beside the prefetched groups."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.filter(is_staff=True).prefetch_related("groups")

    @admin.display(description="Groups")
    def role(self, row: User) -> str:
        return ", ".join(group.name for group in row.groups.all()) or "–"

    @admin.action(description="Remove the second factor", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For a lost phone; the person proves who they are to you first."""
        for user in queryset:
            support.reset_second_factor(user, by=frame.actor(request))
            messages.success(request, f"{user.email} sets up a new second factor at the next sign-in.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(Found, GroupAdmin):
    """The shipped roles and the operator's own: superusers alone."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
