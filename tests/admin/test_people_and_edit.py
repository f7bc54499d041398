"""Staff change who may come in, and what we hold of a company: invitations, people, the edit tab."""

import pytest
from django.test import Client

from onboarding.actors import Actor
from onboarding.lifecycle import Status
from onboarding.models import Company, Invitation, Mail, Membership, User
from onboarding.usecases import invitations, reads
from tests import factories
from tests.admin.conftest import LIST, WORKER, act_of, do, lines, page_of
from tests.kit import Sandbox


def test_a_revoked_invitation_opens_nothing_any_more(support: Client) -> None:
    made = factories.company()
    invitation = invitations.invite(made, by=WORKER)

    do(support, made, "revoke_invitation", invitation=invitation.pk)

    invitation.refresh_from_db()
    assert invitation.revoked_at is not None


def test_a_person_is_added_with_an_invitation_and_removed_with_it(support: Client) -> None:
    made = factories.company()

    do(support, made, "add_person", email="Priya@Books.example", name="Priya", invite="on")
    user = User.objects.get(email="priya@books.example")
    assert made.people.get() == user
    do(support, made, "remove_person", person=user.pk, reason="Left the firm")

    assert not Membership.objects.filter(company=made).exists()
    assert Invitation.objects.get().revoked_at is not None
    assert lines(made)[-1] == ("person.removed", "Support Person", "Left the firm")


def test_an_address_of_staff_never_becomes_a_customers(support: Client) -> None:
    made = factories.company()

    response = support.post(act_of(made, "add_person"), {"email": "support@alderway.example"})

    assert response.status_code == 422
    assert not made.people.exists()


def test_ending_sessions_signs_the_customer_out_everywhere(support: Client, sign_in) -> None:
    ana = factories.ana()
    made = factories.company(ana)
    phone, desk = sign_in(ana), sign_in(ana)
    assert phone.get(f"/c/{made.ref}/").status_code == 200

    do(support, made, "end_sessions", person=0, reason="Lost phone")

    assert [browser.get(f"/c/{made.ref}/").status_code for browser in (phone, desk)] == [302, 302]
    assert lines(made)[-1] == ("sessions.ended", "Support Person", "Lost phone")


def test_a_software_request_is_answered_once(support: Client) -> None:
    ana = factories.ana()
    made = factories.company(ana)
    request = invitations.ask_for_software(made, "Kashflow", by=Actor.customer(ana))

    do(support, made, "answer_request", request=request.pk)

    made.refresh_from_db()
    assert made.needs == ""
    assert do(support, made, "answer_request", request=request.pk)[0].startswith("Mark as answered: not possible")


def test_the_right_organisation_is_kept_by_staff(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    reads.note_organisation(connection, "Toft Farms")

    do(support, connection.company, "keep_organisation")

    connection.refresh_from_db()
    assert connection.organisation_kept_at is not None


def test_the_edit_tab_changes_field_by_field_on_record(support: Client) -> None:
    made = factories.company()
    told = {"name": made.name, "email": "new@marlow.example", "product": "expenses", "language": "fr"}

    response = support.post(
        f"{LIST}{made.pk}/edit/", {**told, "contact": "Ana", "reason": "Call 12", "state": "linked"}
    )

    assert response.status_code == 303
    made.refresh_from_db()
    assert (made.email, made.product, made.language, made.contact) == ("new@marlow.example", "expenses", "fr", "Ana")
    changes = made.events.filter(kind="company.changed")
    assert {event.facts["field"]: (event.before, event.after) for event in changes}["product"] == (
        "bill_pay_async",
        "expenses",
    )
    assert {event.reason for event in changes} == {"Call 12"}


def test_only_a_lead_changes_the_customer_id(support: Client, lead: Client) -> None:
    made = factories.company(customer_id="old-id")
    told = {"customer_id": "new-id", "name": made.name, "email": made.email, "product": made.product, "language": "en"}

    support.post(f"{LIST}{made.pk}/edit/", told)
    made.refresh_from_db()
    assert made.customer_id == "old-id"
    lead.post(f"{LIST}{made.pk}/edit/", told)

    made.refresh_from_db()
    assert made.customer_id == "new-id"


def test_the_product_is_fixed_once_software_was_chosen(support: Client) -> None:
    made = factories.company()
    factories.local_connection(made, Status.PENDING_AUTH)
    told = {"name": made.name, "email": made.email, "product": "expenses", "language": "en"}

    support.post(f"{LIST}{made.pk}/edit/", told)

    made.refresh_from_db()
    assert made.product == "bill_pay_async"


def test_a_company_is_added_with_its_person_and_its_invitation(support: Client) -> None:
    told = {
        "customer_id": "c-1", "name": "Toft Stores", "email": "Jo@Toft.example", "product": "expenses",
        "language": "fr", "contact": "Jo Toft", "invite": "on",
    }  # fmt: skip

    response = support.post(f"{LIST}add/", told)

    made = Company.objects.get(customer_id="c-1")
    assert response.headers["Location"] == page_of(made)
    assert (made.language, made.people.get().email) == ("fr", "jo@toft.example")
    assert Mail.objects.get().kind == "invitation"


def test_a_customer_id_that_exists_is_refused_with_words(support: Client) -> None:
    factories.company(customer_id="c-1")
    told = {"customer_id": "c-1", "name": "Toft", "email": "jo@toft.example", "product": "expenses", "language": "en"}

    response = support.post(f"{LIST}add/", told)

    assert b"belongs to another company" in response.content
    assert Company.objects.count() == 1


def test_the_customers_pages_are_read_only_and_looking_is_on_record(support: Client) -> None:
    made = factories.company(factories.ana())
    unseen = support.get(f"{LIST}{made.pk}/as-customer/home/")

    response = support.post(f"{LIST}{made.pk}/as-customer/")
    pages = [support.get(f"{LIST}{made.pk}/as-customer/{page}/") for page in ("home", "choose", "activity")]

    assert unseen.headers["Location"] == page_of(made)
    assert response.status_code == 303
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert all(b"You are viewing" in page.content for page in pages)
    assert lines(made) == [("staff.viewed", "Support Person", "")]


@pytest.mark.parametrize("name", ["status", "nonsense"])
def test_an_action_that_does_not_exist_is_not_found(support: Client, name: str) -> None:
    assert support.get(act_of(factories.company(), name)).status_code == 404


def as_shown(page) -> dict[str, str]:
    """What the browser sends back of a form that nobody touched."""
    form = page.context["form"]
    return {
        prefix + field.html_name: form.get_initial_for_field(field.field, field.name) or ""
        for field in form
        for prefix in ("", "initial-")
    }


def test_two_staff_at_once_lose_no_change(support: Client, lead: Client) -> None:
    made = factories.company(contact="Old", phone="1")
    page = f"{LIST}{made.pk}/edit/"
    first, second = as_shown(support.get(page)), as_shown(lead.get(page))

    support.post(page, {**first, "contact": "Ana"})
    lead.post(page, {**second, "phone": "2"})

    made.refresh_from_db()
    assert (made.contact, made.phone) == ("Ana", "2")
