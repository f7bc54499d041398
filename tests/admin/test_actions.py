"""What staff do for one company: through the use cases, on record, and with what Codat said."""

from django.test import Client
from django.utils.html import escape

from onboarding.lifecycle import Status
from onboarding.models import Company, Event, Invitation, Mail
from onboarding.tasks import follow_connections
from onboarding.usecases import connections, invitations, standing
from tests import factories
from tests.admin.conftest import LIST, WORKER, act_of, do, has_read, lines, page_of
from tests.kit import Sandbox


def test_check_says_the_time_and_what_codat_said(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Deauthorized")

    said = do(support, connection.company, "check", reason="Ticket 7")

    assert said[0].startswith("Checked ") and said[0].endswith(": Deauthorized.")
    assert ("check", "Support Person", "Ticket 7") in lines(connection.company)
    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORIZED


def test_check_again_within_half_a_minute_asks_nobody(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    do(support, connection.company, "check")
    sandbox.forget_requests()

    said = do(support, connection.company, "check")

    assert "Try again in" in said[0]
    assert sandbox.requests() == []


def test_a_refusal_of_codat_says_when_to_try_next_and_what_to_quote(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(429, Retry_After=600)

    (said,) = do(support, connection.company, "check")

    assert "Codat said 429." in said
    assert "Next try " in said
    assert "orrelation ID" in said


def test_unlink_asks_why_and_tells_codat_first(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    made = connection.company
    without = support.post(act_of(made, "unlink"), {"connection": connection.pk})

    do(support, made, "unlink", connection=connection.pk, reason="Asked by phone")

    assert without.status_code == 422
    assert sandbox.connection(str(connection.codat_id))["status"] == "Unlinked"
    assert lines(made)[-1] == ("unlinked", "Support Person", "Asked by phone")
    assert Mail.objects.filter(company=made, kind="disconnected").count() == 1


def test_unlink_that_codat_refuses_changes_nothing_here(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    sandbox.next_answer(500, times=None)

    (said,) = do(support, connection.company, "unlink", connection=connection.pk, reason="Asked")

    assert "Codat said 500." in said
    connection.refresh_from_db()
    assert connection.status == Status.LINKED


def test_what_is_not_possible_says_why_and_does_nothing(sandbox: Sandbox, support: Client) -> None:
    made = factories.company(factories.ana())
    factories.local_connection(made, Status.DEAUTHORIZED)

    (said,) = do(support, made, "unlink", reason="x")

    assert said == ("Unlink: not possible now. Only a Linked connection can be unlinked; this one is Deauthorized.")
    assert sandbox.requests() == []


def test_a_connection_of_another_company_cannot_be_named(sandbox: Sandbox, support: Client) -> None:
    mine = factories.linked_connection(sandbox)
    other = factories.local_connection(factories.company(customer_id="other"), Status.LINKED)

    response = support.post(act_of(mine.company, "unlink"), {"connection": other.pk, "reason": "x"})

    assert response.status_code == 422
    other.refresh_from_db()
    assert other.status == Status.LINKED


def test_read_now_is_asked_of_codat_and_told_to_the_customer(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox)
    has_read(connection)
    sandbox.forget_requests()

    do(support, connection.company, "read_data", reason="A supplier is missing")

    assert [request.path for request in sandbox.requests(method="POST")] == [
        f"/companies/{connection.company.codat_id}/data/all"
    ]
    assert lines(connection.company)[-1] == ("read.asked", "Support Person", "A supplier is missing")


def test_staff_choose_the_software_and_the_customer_finishes(sandbox: Sandbox, support: Client) -> None:
    factories.enable_platforms()
    made = factories.company(factories.ana())

    (said,) = do(support, made, "choose_software", platform=factories.XERO)

    assert "Xero is chosen" in said
    made.refresh_from_db()
    assert made.state == "pending"
    assert made.connections.get().left_at is None


def test_only_software_of_the_product_can_be_chosen(support: Client) -> None:
    made = factories.company(factories.ana(), product="bill_pay_sync")

    response = support.post(act_of(made, "choose_software"), {"platform": factories.DESKTOP})

    assert response.status_code == 422


def test_link_opens_here_with_a_reason_and_shows_the_address_nowhere(sandbox: Sandbox, support: Client) -> None:
    factories.enable_platforms()
    made = factories.company(factories.ana())
    connections.prepare(made, factories.XERO, by=WORKER)
    asked = support.get(act_of(made, "open_link"))

    response = support.post(act_of(made, "open_link"), {"reason": "Customer beside me"})

    assert response.status_code == 303
    address = response.headers["Location"]
    assert address.startswith(sandbox.url)
    assert "form-action 'self' https:" in asked.headers["Content-Security-Policy"]
    assert ("left", "Support Person", "Customer beside me") in lines(made)
    assert address not in support.get(page_of(made)).content.decode()
    assert not any(address in str(row) for row in Event.objects.values())


def test_whoever_opened_link_comes_back_to_the_company(sandbox: Sandbox, support: Client, lead: Client) -> None:
    factories.enable_platforms()
    made = factories.company(factories.ana())
    connection = connections.prepare(made, factories.XERO, by=WORKER)
    support.post(act_of(made, "open_link"), {"reason": "Customer beside me"})
    sandbox.authorise(str(connection.codat_id), reads=False)
    query = {"connectionId": str(connection.codat_id), "statusCode": "200"}

    of_another = lead.get("/return/", query)
    own = support.get("/return/", query)

    assert of_another.headers["Location"] == "/"
    assert own.headers["Location"] == page_of(made)
    assert ("connected", "Support Person", "") in lines(made)


def test_other_pages_keep_the_strict_policy(support: Client) -> None:
    made = factories.company(factories.ana())

    for path in (page_of(made), act_of(made, "send_link"), LIST, "/admin/"):
        assert "form-action 'self';" in support.get(path).headers["Content-Security-Policy"] + ";"
        assert "unsafe" not in support.get(path).headers["Content-Security-Policy"]


def test_send_link_shows_the_mail_first_and_sends_what_it_showed(support: Client) -> None:
    made = factories.company(factories.ana())
    page = support.get(act_of(made, "send_link"))
    before = Mail.objects.count()

    (said,) = do(support, made, "send_link", reason="Lost it")

    assert page.context["letters"][0][0] == "ana@marlow.example"
    assert before == 0
    assert said == "Sent to ana@marlow.example."
    assert [(mail.kind, mail.to) for mail in Mail.objects.all()] == [("unfinished", "ana@marlow.example")]


def test_a_previewed_mail_holds_no_address_that_opens_anything(support: Client) -> None:
    made = factories.company()
    Company.objects.filter(pk=made.pk).update(accepted_at=None)
    invitation = invitations.invite(Company.objects.get(pk=made.pk), by=WORKER)
    standing.refresh([made.pk])

    content = support.get(act_of(made, "send_link")).content.decode()

    assert "/invite/" in content
    assert invitations.url(invitation).rsplit("/", 2)[1] not in content


def test_the_fourth_link_of_a_day_is_refused(support: Client) -> None:
    made = factories.company(factories.ana())
    said = [do(support, made, "send_link")[0] for _ in range(5)]

    assert said[-1].startswith("You have tried many times")
    assert Mail.objects.count() < 5
    assert b"Wait" in support.get(act_of(made, "send_link")).content


def test_the_link_for_the_customer_is_shown_on_a_page_and_noted(support: Client) -> None:
    made = factories.company()
    Company.objects.filter(pk=made.pk).update(accepted_at=None)
    standing.refresh([made.pk])

    response = support.post(act_of(made, "copy_link"), {"reason": "By phone"})
    page = support.get(response.headers["Location"])

    assert response.status_code == 303
    assert page.context["address"] == invitations.url(Invitation.objects.get())
    assert lines(made)[-1] == ("link.copied", "Support Person", "By phone")
    assert Mail.objects.count() == 0


def test_start_afresh_drops_what_was_not_finished(sandbox: Sandbox, support: Client) -> None:
    ana = factories.ana()
    made = factories.company(ana)
    connection = factories.started(made, ana)

    do(support, made, "start_afresh")

    assert not any(company["connections"] for company in sandbox.companies())
    connection.refresh_from_db()
    assert connection.status == Status.DELETED
    assert ("afresh", "Support Person", "") in lines(made)


def test_a_missing_partner_connection_is_made(sandbox: Sandbox, support: Client) -> None:
    connection = factories.linked_connection(sandbox, product="expenses")

    (said,) = do(support, connection.company, "retry_partner")

    assert said == "The partner connection is made."
    assert connection.company.connections.filter(kind="partner_expense", status=Status.LINKED).count() == 1


def test_a_refused_partner_connection_shows_its_reason_and_is_asked_for_again_at_once(
    sandbox: Sandbox, support: Client
) -> None:
    connection = factories.linked_connection(sandbox, product="expenses")
    sandbox.next_answer(400, path="partnerExpense")
    for _ in range(3):
        follow_connections()
    page = support.get(page_of(connection.company))

    (said,) = do(support, connection.company, "retry_partner")

    refusal = Event.objects.get(kind="partner.failed")
    assert page.context["advice"].title == "Next: make the partner connection"
    assert refusal.is_problem and "400" in refusal.after
    assert escape(refusal.after) in page.content.decode()
    assert said == "The partner connection is made."


def test_deleting_a_connection_takes_the_reference(sandbox: Sandbox, lead: Client) -> None:
    connection = factories.linked_connection(sandbox)
    made = connection.company
    told = {"connection": connection.pk, "reason": "Wrong file"}

    wrong = lead.post(act_of(made, "remove_connection"), {**told, "reference": "ABC-0000"})
    assert wrong.status_code == 422
    do(lead, made, "remove_connection", reference=made.ref.lower(), **told)

    assert not any(company["connections"] for company in sandbox.companies())
    connection.refresh_from_db()
    assert connection.status == Status.DELETED
    assert lines(made)[-1] == ("deleted", "Support lead Person", "Wrong file")
