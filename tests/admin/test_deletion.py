"""Deleting at Codat: one asks, another confirms, Codat goes first."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from onboarding import codat
from onboarding.actors import Actor
from onboarding.errors import NotNow
from onboarding.models import Batch, BatchKind, BatchRow, Company, DeletionRequest
from onboarding.usecases import bulk, deletion, offboarding
from tests import factories
from tests.admin.conftest import act_of, do, page_of
from tests.kit import Sandbox

REQUESTS = "/admin/onboarding/deletionrequest/"


@pytest.fixture
def connection(sandbox: Sandbox):
    return factories.linked_connection(sandbox)


def ask(browser: Client, company) -> list[str]:
    return do(browser, company, "ask_deletion", reference=company.ref, reason="Letter 12")


def test_asking_deletes_nothing(sandbox: Sandbox, lead: Client, connection) -> None:
    asked = lead.get(act_of(connection.company, "ask_deletion")).context["explains"]
    ask(lead, connection.company)

    assert asked[-1] == "Nothing is deleted until a second person has confirmed it."

    assert len(sandbox.companies()) == 1
    assert DeletionRequest.objects.get().reason == "Letter 12"
    assert b"Nothing has been deleted yet." in lead.get(page_of(connection.company)).content


@pytest.mark.parametrize(("reason", "said"), [("Letter 12", ": “Letter 12”"), ("", "")])
def test_a_reason_is_quoted_where_there_is_one(lead: Client, connection, reason: str, said: str) -> None:
    batch = Batch.objects.create(kind=BatchKind.OFFBOARD)
    deletion.ask(connection.company, by=Actor.command(None, reason), batch=batch)

    cause = lead.get(page_of(connection.company)).context["advice"].cause
    pages = [page_of(connection.company), f"{REQUESTS}batch/{batch.pk}/", REQUESTS]

    assert cause.startswith("A command asked Today, ") and cause.endswith(f"{said}. Nothing has been deleted yet.")
    told = [lead.get(page).content.decode() for page in pages]
    assert f"asked by a command{said}</span>" in told[1]
    assert ["“”" in page for page in told] == [False] * 3


def test_the_one_who_asked_cannot_confirm(sandbox: Sandbox, lead: Client, connection) -> None:
    ask(lead, connection.company)

    (said,) = do(lead, connection.company, "confirm_deletion", reference=connection.company.ref)

    assert "somebody else has to confirm" in said
    assert len(sandbox.companies()) == 1


def test_a_second_lead_confirms_and_codat_deletes_first(
    sandbox: Sandbox, lead: Client, staff, sign_in, connection
) -> None:
    company = connection.company
    ask(lead, company)
    second = sign_in(staff("Support lead", "Second Lead"))

    do(second, company, "confirm_deletion", reference=company.ref)

    assert [gone for gone in sandbox.companies() if not gone.get("deleted")] == []
    company.refresh_from_db()
    assert company.gone_at is not None
    assert company.state == "signed_in"
    kinds = list(company.events.filter(kind__startswith="deletion.").order_by("pk").values_list("kind", "by__name"))
    assert kinds == [
        ("deletion.asked", "Support lead Person"),
        ("deletion.confirmed", "Second Lead"),
        ("deletion.done", "Second Lead"),
    ]


def test_a_refusal_of_codat_deletes_nothing_here_and_can_be_repeated(
    sandbox: Sandbox, lead, staff, sign_in, connection
) -> None:
    company = connection.company
    ask(lead, company)
    second = sign_in(staff("Support lead", "Second Lead"))
    sandbox.next_answer(500, method="DELETE")

    (said,) = do(second, company, "confirm_deletion", reference=company.ref)
    company.refresh_from_db()
    assert "Codat said 500." in said
    assert company.gone_at is None
    do(lead, company, "confirm_deletion", reference=company.ref)

    company.refresh_from_db()
    assert company.gone_at is not None


def test_a_request_is_withdrawn_until_it_is_carried_out(lead: Client, connection) -> None:
    ask(lead, connection.company)

    do(lead, connection.company, "withdraw_deletion")

    assert deletion.open_of(connection.company) is None


def test_what_codat_no_longer_has_counts_as_deleted(sandbox: Sandbox, staff, connection) -> None:
    request = deletion.ask(connection.company, by=Actor.staff(staff("Support lead"), "x"))
    other = Actor.staff(staff("Support lead", "Second Lead"))
    deletion.confirm(request, by=other)
    sandbox.delete_company(str(connection.company.codat_id))

    deletion.carry_out(request, by=other)
    deletion.carry_out(request, by=other)

    request.refresh_from_db()
    assert request.done_at is not None


def test_a_request_that_nobody_confirmed_is_not_carried_out(sandbox: Sandbox, staff, connection) -> None:
    request = deletion.ask(connection.company, by=Actor.staff(staff("Support lead"), "x"))

    with pytest.raises(NotNow):
        deletion.carry_out(request, by=Actor.staff(staff("Support lead")))

    assert len(sandbox.companies()) == 1


def test_asking_twice_is_one_request(staff, connection) -> None:
    by = Actor.staff(staff("Support lead"), "x")

    assert deletion.ask(connection.company, by=by) == deletion.ask(connection.company, by=by)


def test_codat_without_an_answer_keeps_the_request_with_its_reason(settings, staff, connection) -> None:
    request = deletion.ask(connection.company, by=Actor.staff(staff("Support lead"), "x"))
    deletion.confirm(request, by=Actor.staff(staff("Support lead", "Second Lead")))
    settings.CODAT_BASE_URL = "http://127.0.0.1:9"

    with pytest.raises(codat.Unreachable):
        deletion.carry_out(request, by=Actor.staff(staff("Support lead")))

    request.refresh_from_db()
    assert request.error and request.done_at is None


def test_the_database_itself_wants_two_people(staff, connection) -> None:
    request = deletion.ask(connection.company, by=Actor.staff(staff("Support lead"), "x"))

    with pytest.raises(IntegrityError), transaction.atomic():
        DeletionRequest.objects.filter(pk=request.pk).update(confirmed_by=request.asked_by)


def test_a_batch_is_confirmed_in_one_go_by_somebody_else(lead: Client, staff, sign_in) -> None:
    batch = Batch.objects.create(kind=BatchKind.OFFBOARD, stored_at=timezone.now())
    for number in range(3):
        made = factories.company(customer_id=f"c{number}")
        factories.local_connection(made)
        deletion.ask(made, by=Actor.staff(staff("Operations"), "Contract ended"), batch=batch)
    page = f"/admin/onboarding/deletionrequest/batch/{batch.pk}/"

    assert lead.post(page, {"number": 2}).status_code == 422
    assert lead.post(page, {"number": 3}).status_code == 303

    assert set(DeletionRequest.objects.values_list("confirmed_by__email", flat=True)) == {
        "support.lead@alderway.example"
    }


def test_whoever_asked_for_a_batch_cannot_confirm_it(staff) -> None:
    batch = Batch.objects.create(kind=BatchKind.OFFBOARD, stored_at=timezone.now())
    made = factories.company()
    factories.local_connection(made)
    by = Actor.staff(staff("Support lead"), "x")
    deletion.ask(made, by=by, batch=batch)

    with pytest.raises(NotNow):
        deletion.confirm_batch(batch, by=by)


@pytest.mark.django_db(transaction=True)
def test_certificate_of_what_the_worker_finished_is_on_the_batchs_page(
    sandbox: Sandbox, lead: Client, support: Client, staff
) -> None:
    made = factories.linked_connection(sandbox).company
    asker = Actor.staff(staff("Operations"), "Contract ended")
    batch = bulk.accept_companies(BatchKind.OFFBOARD, Company.objects.filter(pk=made.pk), by=asker)
    page = f"/admin/onboarding/batch/{batch.pk}/"
    bulk.drain()
    before = text_of(support.get(f"{page}certificate.txt"))

    lead.post(f"/admin/onboarding/deletionrequest/batch/{batch.pk}/", {"number": 1})
    bulk.drain()
    after = support.get(f"{page}certificate.txt")

    assert b"Download the certificate" in support.get(f"{page}change/").content
    assert "0 erased, 1 unlinked and waiting for a second person" in before
    assert f'filename="offboarded-{batch.uid.hex[:8]}.txt"' in after.headers["Content-Disposition"]
    text = text_of(after)
    assert "1 companies: 1 erased, 0 unlinked" in text and "Contract ended" in text
    line = next(line for line in text.splitlines() if line.startswith(made.ref))
    assert line.endswith("support.lead@alderway.example") and str(made.codat_id) in line
    assert "Marlow" not in text and "ana@" not in text


def test_certificate_costs_the_same_for_more_companies(staff, django_assert_num_queries) -> None:
    for count in (1, 3):
        batch = Batch.objects.create(kind=BatchKind.OFFBOARD, stored_at=timezone.now())
        for number in range(count):
            made = factories.company(customer_id=f"c{count}-{number}")
            factories.local_connection(made)
            deletion.ask(made, by=Actor.staff(staff("Operations"), "x"), batch=batch)
            BatchRow.objects.create(batch=batch, line=number, company=made, not_before=timezone.now())
        with django_assert_num_queries(4):
            assert len(list(offboarding.certificate(batch))) == 8 + count


def test_other_batches_have_no_certificate(support: Client) -> None:
    batch = Batch.objects.create(kind=BatchKind.CHECK, stored_at=timezone.now())

    assert support.get(f"/admin/onboarding/batch/{batch.pk}/certificate.txt").status_code == 404
    assert b"certificate" not in support.get(f"/admin/onboarding/batch/{batch.pk}/change/").content


def text_of(response) -> str:
    return b"".join(response.streaming_content).decode()
