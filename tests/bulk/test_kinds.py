"""Batches of other kinds: what staff do for many companies at once."""

import pytest

from onboarding.actors import Actor
from onboarding.lifecycle import Status
from onboarding.models import BatchKind, Company, Mail, RowStatus
from onboarding.usecases import bulk
from tests.bulk.files import COMMAND
from tests.factories import ana, ben, company, linked_connection, sam
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def worked(kind: BatchKind, **options: object) -> dict[str, tuple[str, str]]:
    """Status and reason by customer's name, after all rows were worked on."""
    batch = bulk.accept_companies(kind, Company.objects.all(), by=COMMAND, options=options)
    bulk.drain()
    assert bulk.state(batch) == "finished"
    return {row.company.name: (row.status, row.reason) for row in batch.rows.select_related("company")}


def test_check_asks_codat_for_each(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Unlinked")
    company(name="Not at Codat")

    told = worked(BatchKind.CHECK)

    assert told[connection.company.name] == (RowStatus.DONE, "Codat says: Unlinked.")
    assert told["Not at Codat"] == (RowStatus.DONE, "There is no connection.")


def test_read_is_asked_for_where_something_is_connected(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    company(name="Not connected")

    told = worked(BatchKind.READ)

    assert told["Not connected"] == (RowStatus.SKIPPED, "Not connected: there is nothing to read.")
    assert told[connection.company.name][0] == RowStatus.SKIPPED  # its first read has not ended
    assert "running already" in told[connection.company.name][1]


def test_unlink_gives_up_the_access(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    company(name="Not connected")

    told = worked(BatchKind.UNLINK)

    assert told[connection.company.name] == (RowStatus.DONE, "Unlinked.")
    assert told["Not connected"][0] == RowStatus.SKIPPED
    connection.refresh_from_db()
    assert connection.status == sandbox.connection(str(connection.codat_id))["status"] == Status.UNLINKED


def test_remind_sends_the_mail_that_fits(sandbox: Sandbox) -> None:
    linked_connection(sandbox, ben())
    company(ana(), name="Signed in")

    told = worked(BatchKind.REMIND)

    assert told["Signed in"] == (RowStatus.DONE, "Sent to ana@marlow.example.")
    assert told["Marlow Street Bakery Ltd"][0] == RowStatus.SKIPPED
    assert Mail.objects.filter(kind="unfinished").count() == 1


def test_row_whose_company_is_gone_is_said(sandbox: Sandbox) -> None:
    company(name="Gone soon")
    batch = bulk.accept_companies(BatchKind.CHECK, Company.objects.all(), by=COMMAND)
    batch.rows.update(company=None)

    bulk.work(batch)

    assert batch.rows.get().reason == "There is no such company any more."


def test_unforeseen_error_costs_its_row_alone(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    other = company(name="Odd one")
    Company.objects.filter(pk=other.pk).update(codat_id=connection.company.uid)
    batch = bulk.accept_companies(BatchKind.ADOPT, Company.objects.all(), by=sam_acts())

    while bulk.state(batch) == "running":  # its rows name no company of Codat: a fault of ours
        batch.rows.filter(status=RowStatus.WAITING).update(not_before=batch.created_at)
        bulk.work(batch)

    assert {row.reason for row in batch.rows.all()} == {"Something unexpected went wrong (KeyError): see the log."}


def sam_acts() -> Actor:
    return Actor.staff(sam(), "a test")


def test_batch_remembers_who_and_why(sandbox: Sandbox) -> None:
    linked_connection(sandbox)
    actor = sam_acts()
    bulk.accept_companies(BatchKind.UNLINK, Company.objects.all(), by=actor)

    bulk.drain()

    line = Company.objects.get().events.get(kind="unlinked")
    assert (line.source, line.by, line.reason) == ("staff", actor.user, "a test")
