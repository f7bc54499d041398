"""The page of one company: the first lines say what is wrong, since when, why and what to do."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Connection, Event, Mail
from onboarding.usecases import companies, invitations, reads, standing, timeline
from onboarding.usecases import support as support_usecase
from onboarding.usecases.reads import Outcome
from tests import factories
from tests.admin.conftest import LIST, page_of

WORKER = Actor(Source.WORKER)
TYPES = ("company", "suppliers", "bills", "billPayments", "bankAccounts", "chartOfAccounts", "paymentMethods")


def read(connection: Connection, *, ends: bool = True, **words: str) -> None:
    now = timezone.now()
    outcomes = [Outcome(name, words.get(name, "Complete"), now, words.get(f"{name}_message", "")) for name in TYPES]
    reads.note(connection, outcomes, by=WORKER, ended_at=now if ends else None)


def linked(product: str = "bill_pay_async", **columns: object) -> Connection:
    made = factories.company(factories.ana(), contact="Ana Marlow", product=product)
    return factories.local_connection(made, Status.LINKED, **columns)


def expired() -> Company:
    connection = linked()
    read(connection)
    factories.door.record(
        {connection.pk: factories.door.Observation("Deauthorized", timezone.now(), Source.WEBHOOK, is_read=True)}
    )
    return connection.company


def first_lines(browser: Client, company: Company) -> str:
    response = browser.get(page_of(company))
    assert response.status_code == 200
    advice = response.context["advice"]
    return " ".join([advice.title, advice.cause, *advice.more])


def test_expired_says_since_when_why_and_what_was_read_last(support: Client) -> None:
    connection = linked()
    read(connection)
    read(connection, bills="AuthError", bills_message="Access was revoked.")

    told = first_lines(support, connection.company)

    assert told.startswith("Next: ask Ana to reconnect Xero")
    for words in (
        "A read ended with AuthError 0 min ago",
        "“Access was revoked.”",
        "Last good read Today",
        "Nothing was sent",
    ):
        assert words in told


def test_deauthorized_by_codat_is_told_from_a_failed_read(support: Client) -> None:
    told = first_lines(support, expired())

    assert "Codat reported the connection as Deauthorized" in told
    assert "No reason was given." in told


def test_permission_missing_names_the_right_and_the_message(support: Client) -> None:
    connection = linked()
    read(connection, bills="PermissionsError", bills_message="Missing right: List bills.")

    told = first_lines(support, connection.company)

    assert "did not let us read Bills" in told
    assert "“Missing right: List bills.”" in told


@pytest.mark.parametrize("word", ["FetchError", "PrerequisiteNotMet", "SomethingNew"])
def test_partial_data_names_what_was_left_out(support: Client, word: str) -> None:
    connection = linked()
    read(connection, suppliers=word)

    assert f"left out Suppliers ({word})" in first_lines(support, connection.company)


def test_a_word_that_we_do_not_know_is_told_to_staff_while_the_first_read_lasts(support: Client) -> None:
    connection = linked()
    read(connection, ends=False, bills="SomethingNew")

    assert "First read 6 of 7. Not read: Bills (SomethingNew)." in first_lines(support, connection.company)


def test_reading_says_how_far_it_is(support: Client) -> None:
    connection = linked()
    read(connection, ends=False, bills="Fetching", suppliers="Queued")

    assert "First read 5 of 7" in first_lines(support, connection.company)


def test_all_well_has_nothing_to_do(support: Client) -> None:
    connection = linked()
    read(connection)

    assert first_lines(support, connection.company).startswith("Nothing to do Xero is Linked and everything is read")


def test_a_failure_repeats_what_the_software_said(support: Client) -> None:
    made = factories.company(factories.ana())
    now = timezone.now()
    factories.local_connection(
        made, Status.PENDING_AUTH, platform_key="akxx", is_unfinished=True, left_at=now, failed_at=now, failures=3,
        failure="SuiteScript is off.", returned_code=500,
    )  # fmt: skip
    standing.refresh([made.pk])

    response = support.get(page_of(made))

    assert "failed 3 times with code 500" in response.context["advice"].cause
    assert "“SuiteScript is off.”" in response.context["advice"].cause
    assert b"The bundle AppLink is missing" in response.content
    assert b"Error 3 times" in response.content


def test_cancelled_is_told_from_left_and_not_back(support: Client) -> None:
    made = factories.company(factories.ana())
    now = timezone.now()
    row = factories.local_connection(made, Status.PENDING_AUTH, is_unfinished=True, left_at=now)
    standing.refresh([made.pk])
    left = first_lines(support, made)
    Connection.objects.filter(pk=row.pk).update(returned_at=now, returned_code=403)

    assert "did not come back" in left
    assert "Cancelled at Xero" in first_lines(support, made)


def test_the_wrong_organisation_is_shown_beside_the_expected_one(support: Client) -> None:
    connection = linked()
    read(connection)
    reads.note_organisation(connection, "Toft Farms")

    response = support.get(page_of(connection.company))

    assert response.context["wrong"] == ("Marlow Street Bakery Ltd", "Toft Farms")
    assert [button.act.name for button in response.context["buttons"]][:2] == ["keep_organisation", "unlink"]
    advice = response.context["advice"]
    assert advice.title == "Next: ask Ana which books are right"
    assert "got Toft Farms. The customer has not answered (" in advice.cause


def test_what_is_urgent_is_the_next_step_of_a_connected_company(support: Client) -> None:
    connection = linked(product="expenses")
    read(connection)

    told = first_lines(support, connection.company)

    assert told.startswith("Next: make the partner connection The partner expense connection is missing")


@pytest.mark.parametrize(("product", "is_told"), [("bill_pay_async", False), ("expenses", True)])
def test_why_nothing_is_retried_or_revoked_is_said_where_it_could_be(support: Client, product, is_told) -> None:
    response = support.get(page_of(factories.company(factories.ana(), product=product)))

    told = {button.act.name: button.why_not for button in response.context["impossible"]}

    assert told["revoke_invitation"] == "No invitation is open."
    assert ("retry_partner" in told) is is_told


def test_a_bounced_mail_and_other_software_are_said(support: Client) -> None:
    made = factories.company(factories.ana())
    invitations.ask_for_software(made, "Kashflow", by=Actor.customer(made.people.get()))
    Mail.objects.create(kind="unfinished", to=made.email, language="en", company=made, not_before=timezone.now(),
                        bounced_at=timezone.now(), failed_at=timezone.now())  # fmt: skip

    told = first_lines(support, made)

    assert "Ana Marlow uses Kashflow" in told
    assert "Correct the address first." in told


def test_a_company_that_codat_lost_says_so(support: Client) -> None:
    made = factories.company(factories.ana())
    factories.local_connection(made, Status.LINKED)
    companies.note_gone(made, at=timezone.now(), by=WORKER)

    assert "Codat no longer has this company" in first_lines(support, made)


def test_every_impossible_action_says_why(support: Client) -> None:
    impossible = support.get(page_of(expired())).context["impossible"]

    told = {button.act.name: button.why_not for button in impossible}
    assert told["unlink"] == "Only a Linked connection can be unlinked; this one is Deauthorized."
    assert told["read_data"] == "Xero is not Linked."
    assert all(told.values())


def test_an_old_status_is_said_and_can_be_checked(support: Client) -> None:
    made = expired()
    made.connections.update(seen_at=timezone.now() - timedelta(hours=26))

    assert b"The status was last confirmed 1" in support.get(page_of(made)).content


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_more_of_everything(support: Client, count: int, django_assert_num_queries) -> None:
    made = factories.company(factories.ana())
    for number in range(count):
        factories.local_connection(made, Status.UNLINKED)
        companies.add_person(made, f"person{number}@x.example", by=WORKER)
        invitations.invite(made, email=f"asked{number}@x.example", by=WORKER)
        for _ in range(5):
            timeline.write("check", company=made, by=WORKER, correlation_id=f"c{number}")

    with django_assert_num_queries(16):
        assert support.get(page_of(made)).status_code == 200


def test_looking_changes_nothing(support: Client) -> None:
    made = expired()
    before = list(Company.objects.values()), Event.objects.count(), list(Connection.objects.values())

    support.get(page_of(made))
    support.get(f"{LIST}{made.pk}/do/send_link/")

    assert (list(Company.objects.values()), Event.objects.count(), list(Connection.objects.values())) == before


def test_the_page_answers_to_nothing_but_looking(support: Client) -> None:
    assert support.post(page_of(factories.company()), {"state": "linked"}).status_code == 405


def test_the_timeline_shows_one_kind_at_a_time_with_counts(support: Client) -> None:
    made = factories.company()
    for source in (Source.CUSTOMER, Source.STAFF, Source.COMMAND, Source.WEBHOOK, Source.EMAIL):
        timeline.write("check", company=made, by=Actor(source), problem=source == Source.WEBHOOK)

    told = support.get(page_of(made), {"show": "staff"}).context["story"]

    counts = {name: count for name, _words, count, _chosen in told.chips}
    assert counts == {"all": 6, "customer": 1, "staff": 3, "codat": 1, "email": 1, "problems": 1}
    assert len(told.lines) == 3


def test_older_lines_follow_page_by_page_and_none_twice(support: Client) -> None:
    made = factories.company()
    for number in range(80):
        timeline.write("check", company=made, by=WORKER, at=timezone.now() - timedelta(minutes=number // 3))
    seen: list[int] = []
    before = ""
    while True:
        told = support.get(page_of(made), {"before": before} if before else {}).context["story"]
        seen += [line.pk for line in told.lines]
        if not told.older:
            break
        before = told.before

    assert seen == list(made.events.order_by("-at", "-pk").values_list("pk", flat=True))


def test_a_gap_is_said_where_history_was_deleted(support: Client, settings) -> None:
    settings.KEEP_HISTORY_DAYS = 30
    made = factories.company()
    Company.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=31))

    assert "history is kept for 30 days" in support.get(page_of(made)).context["story"].gap


def test_details_to_copy_hold_ids_and_no_address_that_opens_anything(support: Client) -> None:
    made = expired()
    timeline.write("check", company=made, by=WORKER, correlation_id="corr-1")
    invitation = invitations.invite(made, by=WORKER)

    told = support.get(page_of(made)).context["details"]

    for words in (made.ref, str(made.codat_id), "Deauthorized", "corr-1"):
        assert words in told
    assert "http" not in told and invitation.email not in told


def test_details_say_when_codat_named_no_exchange(support: Client) -> None:
    assert "No correlation ID was returned." in support.get(page_of(factories.company())).context["details"]


def test_an_erased_company_offers_nothing(support: Client) -> None:
    made = factories.company()
    Company.objects.filter(pk=made.pk).update(erased_at=timezone.now())

    response = support.get(page_of(made))

    assert response.context["advice"].title == "This company was erased"
    assert response.context["buttons"] == []
    assert response.context["others"] == []


def test_a_company_that_does_not_exist_is_not_found(support: Client) -> None:
    assert support.get(f"{LIST}999999/change/").status_code == 404
    assert support.get(f"{LIST}1-1/change/").status_code == 404


def test_names_from_hostile_lists_are_shown_as_text(support: Client) -> None:
    made = factories.company(name="<script>alert(1)</script> Ltd", contact="<img src=x onerror=1>")
    timeline.write("failed", company=made, by=WORKER, facts={"message": "<b>bold</b>"})

    content = support.get(page_of(made)).content + support.get(LIST).content

    assert b"<script>alert" not in content
    assert b"<img src=x" not in content
    assert b"<b>bold" not in content


def test_notes_are_kept_with_who_and_shown(support: Client) -> None:
    made = factories.company()

    response = support.post(f"{LIST}{made.pk}/do/add_note/", {"text": "Best reached after 3pm."})

    assert response.status_code == 303
    assert b"Best reached after 3pm." in support.get(page_of(made)).content
    assert support_events(made) == ["note"]


def support_events(made: Company) -> list[str]:
    return list(made.events.filter(source=Source.STAFF).values_list("kind", flat=True))


def test_a_link_for_the_customer_is_the_invitation_until_it_is_accepted(staff) -> None:
    made = factories.company()
    Company.objects.filter(pk=made.pk).update(accepted_at=None)
    made.refresh_from_db()

    address = support_usecase.link_for(made, by=Actor.staff(staff("Support")))

    assert "/invite/" in address
