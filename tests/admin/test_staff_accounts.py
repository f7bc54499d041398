"""Staff accounts are for superusers; customers are no part of that list."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from onboarding.models import Company, Event, User
from tests import factories

USERS = "/admin/onboarding/user/"


@pytest.fixture
def root(sign_in) -> Client:
    return sign_in(User.objects.create_superuser("root@alderway.example", "a-long-password-1", name="Root"))


def test_only_staff_are_listed_with_their_groups(root: Client, staff) -> None:
    staff("Support")
    factories.ana()

    content = root.get(USERS).content

    assert b"support@alderway.example" in content
    assert b"ana@marlow.example" not in content


def test_a_new_account_is_staff_and_gets_its_groups(root: Client) -> None:
    told = {"email": "New@Alderway.example", "name": "New", "usable_password": "true"}
    password = {"password1": "correct-horse-9-battery", "password2": "correct-horse-9-battery"}

    root.post(f"{USERS}add/", {**told, **password})
    user = User.objects.get(email="new@alderway.example")
    change = {"email": user.email, "name": "New", "is_active": "on", "groups": [Group.objects.get(name="Support").pk]}
    root.post(f"{USERS}{user.pk}/change/", change)

    user = User.objects.get(pk=user.pk)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert user.has_perm("onboarding.send_link")


def test_a_customers_address_does_not_become_staff(root: Client) -> None:
    factories.ana()
    told = {"email": "ana@marlow.example", "name": "x", "usable_password": "false"}

    response = root.post(f"{USERS}add/", told)

    assert b"a customer&#x27;s cannot become staff&#x27;s" in response.content
    assert not User.objects.get(email="ana@marlow.example").is_staff


def test_others_change_no_account(support: Client, lead: Client, staff) -> None:
    user = staff("Support")
    told = {"email": user.email, "is_active": "on", "is_superuser": "on"}

    answers = [browser.post(f"{USERS}{user.pk}/change/", told).status_code for browser in (support, lead)]

    user.refresh_from_db()
    assert answers == [403, 403]
    assert not user.is_superuser


def test_a_lost_second_factor_is_removed_on_record(root: Client, staff) -> None:
    user = staff("Support")
    Authenticator.objects.create(user=user, type="totp", data={})

    root.post(USERS, {"action": "reset_second_factor", "index": "0", "_selected_action": [user.pk]})

    assert not Authenticator.objects.exists()
    assert Event.objects.get(kind="staff.factor_reset").before == user.email


def test_what_other_apps_bring_is_not_in_the_admin(root: Client) -> None:
    for path in ("mfa/authenticator", "socialaccount/socialtoken", "socialaccount/socialapp", "account/emailaddress"):
        assert root.get(f"/admin/{path}/").status_code == 404


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("model", [User, Group, Company])
def test_an_address_that_names_no_field_is_read_by_the_key(root, model, page):
    row = factories.company(factories.ana()) if model is Company else model.objects.first() or Group.objects.create()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[row.pk])

    assert root.get(url, {"_to_field": ""}).status_code == root.get(url).status_code < 500
