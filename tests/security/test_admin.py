"""Staff's part: who did what and why is on record, what cannot be undone is asked twice, and by two people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from onboarding.models import Batch, Event, Mail, Membership, User
from onboarding.usecases import signin
from tests.kit import Sandbox
from tests.security.walk import writes
from tests.security.world import PASSWORD, World, rows_for_staff


@pytest.fixture
def rows(the_world: World) -> dict[str, Any]:
    return rows_for_staff(the_world)


def do(the: World, who: str, act: str, /, **told: str) -> int:
    return the.browser(who).post(f"/admin/onboarding/company/{the.values['bakery'].pk}/do/{act}/", told).status_code


def test_every_action_is_on_record_with_who_why_and_when(the_world: World):
    bakery, person = the_world.values["bakery"], the_world.person("Support")
    do(the_world, "Support", "add_note", text="called", reason="ticket 1")
    do(the_world, "Support", "add_person", email="new@marlow.example", name="New", reason="ticket 2")
    do(the_world, "Support", "end_sessions", person=str(the_world.person("owner").pk), reason="ticket 3")
    do(the_world, "Support", "copy_link", reason="ticket 4")

    told = Event.objects.filter(company=bakery, by=person)
    assert {line.reason for line in told} >= {"ticket 2", "ticket 3"}
    assert all(line.at and line.source == "staff" for line in told)
    assert Membership.objects.filter(company=bakery, user__email="new@marlow.example").exists()


def test_looking_at_customers_pages_is_on_record_before_they_are_shown(the_world: World):
    pk = the_world.values["bakery"].pk
    auditor = the_world.browser("Auditor")
    assert auditor.get(f"/admin/onboarding/company/{pk}/as-customer/home/").status_code == 303

    auditor.post(f"/admin/onboarding/company/{pk}/as-customer/")

    assert auditor.get(f"/admin/onboarding/company/{pk}/as-customer/home/").status_code == 200
    assert Event.objects.filter(kind="staff.viewed", by=the_world.person("Auditor")).count() == 1


def test_preview_has_no_button_that_acts(the_world: World):
    """No form but those of the frame, so nothing is done in the customer's name by looking."""
    pk = the_world.values["bakery"].pk
    staff = the_world.browser("Support")
    staff.post(f"/admin/onboarding/company/{pk}/as-customer/")
    for page in ("home", "connection", "choose", "activity"):
        text = staff.get(f"/admin/onboarding/company/{pk}/as-customer/{page}/").content.decode()
        forms = [part.split('"')[0] for part in text.split('action="')[1:]]
        assert {form for form in forms if not form.startswith(("/language/", "/sign-out/", "/admin/"))} == set()


def test_deletion_takes_the_reference_and_a_second_person(the_world: World, sandbox: Sandbox, rows: dict[str, Any]):
    bakery = the_world.values["bakery"]
    assert do(the_world, "Support lead", "confirm_deletion", reference=bakery.ref, reason="x") == 303
    assert rows["onboarding/deletionrequest"]
    assert sandbox.requests() == []
    assert do(the_world, "superuser", "confirm_deletion", reference="WRONG-1", reason="x") == 422
    assert sandbox.requests() == []


@pytest.mark.parametrize("name", ["unlink", "remove_connection", "ask_deletion", "open_link"])
def test_what_hurts_needs_a_reason(the_world: World, name: str):
    the_world.sign_in_all()
    with writes() as written:
        code = do(the_world, "superuser", name, reference=the_world.values["ref"])

    assert code in (303, 422)
    assert written == []


@pytest.mark.parametrize("kind", ["send-link", "check", "read"])
def test_bulk_action_asks_with_the_count_first(the_world: World, kind: str):
    operations = the_world.browser("Operations")
    ids = the_world.values["bakery"].pk
    page = operations.get(f"/admin/onboarding/company/bulk/{kind}/?ids={ids}")
    assert (page.status_code, Batch.objects.count()) == (200, 0)
    assert "1 company" in page.content.decode()

    operations.post(f"/admin/onboarding/company/bulk/{kind}/?ids={ids}", {"reason": "ticket 9"})

    assert Batch.objects.get().by == the_world.person("Operations")


def test_export_is_on_record(the_world: World):
    the_world.browser("Operations").post("/admin/onboarding/company/bulk/export/?ids=1", {"reason": "audit"})

    assert Event.objects.get(kind="exported").by == the_world.person("Operations")


def test_change_of_a_staff_account_is_on_record(the_world: World):
    sam = the_world.person("bare")
    told = {"email": sam.email, "name": "Sam", "is_active": "1", "groups": []}

    the_world.browser("superuser").post(f"/admin/onboarding/user/{sam.pk}/change/", told)

    assert LogEntry.objects.filter(object_id=str(sam.pk), user=the_world.person("superuser")).exists()


def test_staff_make_nobody_staff(the_world: World):
    """Only a superuser makes accounts; a customer's address never becomes one of staff's."""
    told = {"email": "ana@marlow.example", "name": "x", "usable_password": "true", "password1": "tall-otter-2-rivers"}
    told |= {"password2": "tall-otter-2-rivers"}
    for who in ("Support", "Support lead", "Operations", "Auditor", "bare"):
        assert the_world.browser(who).post("/admin/onboarding/user/add/", told).status_code == 403

    the_world.browser("superuser").post("/admin/onboarding/user/add/", told)

    assert not User.objects.get(email="ana@marlow.example").is_staff


def test_staff_never_come_in_by_the_customers_doors(the_world: World):
    with pytest.raises(ValueError, match="staff"):
        signin.link_for(the_world.person("Support"))
    client = Client()
    client.post("/sign-in/", {"email": the_world.person("Support").email})
    assert client.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert "_auth_user_id" not in client.session


def test_customer_finds_nothing_of_staffs(the_world: World):
    """Not even that it is there: the same 403 for every address under it, known or not."""
    owner = the_world.browser("owner")
    pages = {
        owner.get(f"/admin/{path}").status_code
        for path in ("", "login/", "second-factor/", "no/such/", "onboarding/company/")
    }

    assert pages == {403}
    assert owner.post("/admin/login/", {"login": "root@alderway.example", "password": PASSWORD}).status_code == 403


def test_mail_rows_do_not_show_what_they_say(the_world: World):
    """A sign-in code stands in its row until it is sent; nobody of staff's reads it there."""
    Client().post("/sign-in/", {"email": "ana@marlow.example"})
    row = Mail.objects.get(kind="code")

    page = the_world.browser("superuser").get(f"/admin/onboarding/mail/{row.pk}/change/").content.decode()

    assert row.facts["code"] not in page
