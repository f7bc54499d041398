"""Only the fields of a form change anything, and nothing that is sent ends in an error page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from onboarding.models import Company, Invitation, Role, User
from tests.security import table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import path_of
from tests.security.walk import browser, writes
from tests.security.world import World, rows_for_staff

EXTRA = {
    "is_staff": "1",
    "is_superuser": "1",
    "is_active": "1",
    "role": "member",
    "company": "1",
    "company_id": "1",
    "user": "1",
    "id": "1",
    "pk": "1",
    "status": "Linked",
    "state": "linked",
    "codat_id": "11111111-1111-4111-8111-111111111111",
    "ref": "AAA-0001",
    "expires_at": "2099-01-01",
    "accepted_at": "2020-01-01",
    "groups": "1",
    "customer_id": "stolen",
}


def test_extra_fields_of_customers_change_nothing(the_world: World, sandbox):
    bakery, ana = the_world.values["bakery"], the_world.browser("owner")
    ana.post(f"/c/{bakery.ref}/share/", {**EXTRA, "email": "x@books.example", "note": "hi"})
    ana.post(f"/c/{bakery.ref}/other/", {**EXTRA, "software": "Abacus"})
    ana.post("/language/", {**EXTRA, "language": "fr"})
    ana.post(f"/c/{bakery.ref}/connection/keep/", EXTRA)

    person = User.objects.get(email="ana@marlow.example")
    shared = Invitation.objects.get(email="x@books.example")
    assert (person.is_staff, person.is_superuser, person.groups.count()) == (False, False, 0)
    assert (shared.role, shared.company_id, shared.accepted_at) == (Role.CONNECTOR, bakery.pk, None)
    after = Company.objects.get(pk=bakery.pk)
    assert (after.ref, after.customer_id, after.codat_id) == (bakery.ref, bakery.customer_id, bakery.codat_id)


def test_invitation_gives_its_own_role_and_no_other(the_world: World):
    path = f"/invite/{the_world.values['invitation']}/"
    Invitation.objects.filter(email="new@marlow.example").update(role=Role.CONNECTOR)

    Client().post(path, EXTRA)

    person = User.objects.get(email="new@marlow.example")
    assert (person.is_staff, person.is_superuser) == (False, False)
    assert person.memberships.get().role == Role.CONNECTOR


def test_staffs_edit_changes_its_own_fields_alone(the_world: World):
    bakery = the_world.values["bakery"]
    told = {**EXTRA, "customer_id": bakery.customer_id, "name": "New Name", "email": bakery.email, "reason": "x"}
    told |= {"product": bakery.product, "language": "en", "contact": "", "phone": "", "country": "", "time_zone": ""}

    answer = the_world.browser("Support").post(f"/admin/onboarding/company/{bakery.pk}/edit/", told)

    after = Company.objects.get(pk=bakery.pk)
    assert (answer.status_code, after.name) == (303, "New Name")
    assert (after.ref, after.codat_id) == (bakery.ref, bakery.codat_id)


def test_customer_id_is_for_the_lead_to_change(the_world: World):
    bakery = the_world.values["bakery"]
    told = {"customer_id": "stolen", "name": bakery.name, "email": bakery.email, "reason": "x", "language": "en"}
    told |= {"product": bakery.product}

    the_world.browser("Support").post(f"/admin/onboarding/company/{bakery.pk}/edit/", told)

    assert Company.objects.get(pk=bakery.pk).customer_id == bakery.customer_id


RECORD = ("event", "connection", "mail", "delivery", "sweep", "deletionrequest", "batch")


def test_rows_of_the_record_are_read_only(the_world: World):
    """Not even a superuser rewrites what happened."""
    rows = rows_for_staff(the_world)
    the_world.sign_in_all()
    with writes() as written:
        for model in RECORD:
            path = f"/admin/onboarding/{model}/{rows[f'onboarding/{model}']}/change/"
            answer = the_world.browser("superuser").post(path, {**EXTRA, "kind": "forged", "reason": "forged"})
            assert answer.status_code in (403, 405), model

    assert written == []


def test_connections_status_is_in_no_form(the_world: World):
    connection = the_world.values["connection"]
    path = f"/admin/onboarding/connection/{connection.pk}/change/"

    page = the_world.browser("superuser").get(path).content.decode()

    assert 'name="status"' not in page
    assert the_world.browser("superuser").post(path, {"status": "Unlinked"}).status_code in (403, 405)


ODD = ["²", "9" * 23, "-1", "%00", "a' OR '1'='1", "..%2e%2f", "x" * 400]


def test_odd_keys_are_not_found_and_no_error(the_world: World):
    wrong = {}
    models = [
        f"/admin/{model}/{{}}/{page}/" for model in table_staff.MODELS for page in ("change", "history", "delete")
    ]
    own = [
        "/admin/onboarding/company/{}/edit/",
        "/admin/onboarding/company/{}/do/check/",
        "/admin/onboarding/user/{}/password/",
    ]
    own += [
        "/admin/onboarding/company/{}/link/",
        "/admin/onboarding/batch/{}/result.csv",
        "/admin/onboarding/batch/{}/certificate.txt",
        "/admin/onboarding/company/bulk/{}/",
    ]
    own += ["/admin/onboarding/batch/import/{}/", "/admin/r/{}/1/", "/admin/r/1/{}/"]
    for pattern in models + own:
        for odd in ODD:
            code = the_world.browser("superuser").get(pattern.format(odd)).status_code
            if code >= 500:
                wrong[pattern.format(odd)] = code

    assert wrong == {}


QUERIES = [
    "ids",
    "q",
    "show",
    "before",
    "after",
    "before",
    "stand",
    "next",
    "page",
    "tick",
    "done",
    "from",
    "o",
    "p",
    "e",
    "status",
    "product",
    "week",
    "period",
    "language",
    "invited_by",
    "waiting",
    "needs",
    "state",
    "_facets",
    "_popup",
    "_to_field",
]


def test_odd_queries_are_no_error_anywhere(the_world: World):
    """Every page, with every name that a page reads, and values that nobody would choose."""
    rows, wrong = rows_for_staff(the_world), {}
    pages = [(address(route, the_world), "owner") for route, method in CELLS if method == "GET"]
    pages += [(path_of(route, rows), "superuser") for route in table_staff.PAGES]
    pages += [(f"/admin/{model}/", "superuser") for model in table_staff.MODELS]
    for path, who in pages:
        for odd in ["²", "9" * 23, "%00\x001~2~3"]:
            code = the_world.browser(who).get(path, dict.fromkeys(QUERIES, odd)).status_code
            if code >= 500 and (path, code) != ("/readyz", 503):
                wrong[path] = (odd, code)

    assert wrong == {}


FIELDS = [
    "email",
    "note",
    "software",
    "next",
    "language",
    "code",
    "reason",
    "text",
    "login",
    "password",
    "name",
    "reference",
    "platform",
    "connection",
    "person",
    "invitation",
    "file",
    "do",
    "action",
    "_selected_action",
    "index",
]
VALUES: list[Any] = ["\x00²🦄{{7*7}}", "x" * 100_000, f"{'a' * 250}@b.example"]


def test_odd_forms_are_no_error_anywhere(sandbox, the_world: World):
    rows, wrong = rows_for_staff(the_world), {}
    company = rows["onboarding/company"]
    posts = [
        (address(route, the_world), who)
        for route, method in CELLS
        if method == "POST"
        for who in ("owner", "anonymous")
    ]
    posts += [(path_of(route, rows), "superuser") for route in table_staff.POSTS]
    posts += [(f"/admin/onboarding/company/{company}/do/{name}/", "superuser") for name in table_staff.ACTS]
    posts += [(f"/admin/{model}/", "superuser") for model in table_staff.MODELS]
    for path, who in posts:
        for value in VALUES:
            if path == "/sign-out/":
                continue
            client = browser(the_world.people[who]) if who == "anonymous" else the_world.browser(who)
            code = client.post(path, dict.fromkeys(FIELDS, value)).status_code
            if code >= 500:
                wrong.setdefault(path, (value[:20], code))

    assert wrong == {}


@pytest.mark.parametrize("path", ["/c/%00/", "/invite/a%00b/", "/admin/onboarding/company/1%00/change/"])
def test_address_with_a_nul_is_no_page(the_world: World, path: str):
    """PostgreSQL keeps none, and would answer any look for one with an error."""
    assert {the_world.browser(who).get(path).status_code for who in ("owner", "superuser")} == {404}


@pytest.mark.parametrize(
    ("path", "who"),
    [("/companies/?next=%00&x=%00", "owner"), ("/admin/onboarding/company/?q=x%00y&o%00=1", "superuser")],
)
def test_query_is_read_without_its_nuls(the_world: World, path: str, who: str):
    answer = the_world.browser(who).get(path, follow=True)

    assert answer.status_code == 200
    assert "\x00" not in answer.content.decode()


def test_form_is_read_without_its_nuls(the_world: World):
    address = the_world.people["owner"].email
    answer = Client().post("/sign-in/", {"email": f"\x00{address}"})

    assert (answer.status_code, answer["Location"]) == (303, "/sign-in/code/")
