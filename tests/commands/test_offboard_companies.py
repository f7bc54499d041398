"""Off-boarding: unlinked, confirmed by a second person, deleted at Codat, erased here, certified."""

from pathlib import Path

import pytest

from onboarding.actors import Actor
from onboarding.models import Batch, Company, Event, Invitation, Mail, Membership, User
from onboarding.usecases import bulk, deletion, erasing, invitations, support
from tests.bulk.files import COMMAND
from tests.commands.running import olu, run
from tests.factories import ana, ben, company, linked_connection, person
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
WHY = ("--reason", "Contract ended", "--as", "olu@alderway.example", "--inline")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_deleted_before_a_second_person_confirms(sandbox: Sandbox, here: Path) -> None:
    connection = linked_connection(sandbox)
    olu()

    ran = run("offboard_companies", "--company", connection.company.ref, *WHY)

    assert ran.status == 0
    assert "1 unlinked, 0 erased." in ran.out and "1 wait for a second person" in ran.out
    (told,) = sandbox.companies()
    assert told["connections"][0]["status"] == "Unlinked"


def test_run_goes_on_once_it_is_confirmed(sandbox: Sandbox, here: Path) -> None:
    connection = linked_connection(sandbox)
    asker, ref = olu(), connection.company.ref
    run("offboard_companies", "--company", ref, *WHY)
    batch = Batch.objects.get()
    with pytest.raises(deletion.NotNow):
        deletion.confirm_batch(batch, by=Actor.staff(asker))
    lead = person("lead@alderway.example", is_staff=True)
    deletion.confirm_batch(batch, by=Actor.staff(lead))

    ran = run("offboard_companies", "--resume", batch.uid.hex[:8], "--as", asker.email, "--inline")

    assert (ran.status, sandbox.companies()) == (0, [])
    assert "1 unlinked, 1 erased." in ran.out
    (certificate,) = here.glob("offboarded-*.txt")
    text = certificate.read_text()
    assert ref in text and "lead@alderway.example" in text and "Marlow" not in text
    assert bulk.state(batch) == "finished"


def test_worker_goes_on_by_itself(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    olu()
    run("offboard_companies", "--company", connection.company.ref, *WHY)
    deletion.confirm_batch(Batch.objects.get(), by=Actor.staff(person("lead@alderway.example", is_staff=True)))

    bulk.drain()

    assert sandbox.companies() == []
    assert Company.objects.get().erased_at


def test_withdrawn_request_leaves_the_company(sandbox: Sandbox) -> None:
    connection = linked_connection(sandbox)
    asker = olu()
    run("offboard_companies", "--company", connection.company.ref, *WHY)
    deletion.withdraw(deletion.open_of(connection.company), by=Actor.staff(asker))

    bulk.drain()

    assert (len(sandbox.companies()), Company.objects.get().erased_at) == (1, None)
    assert bulk.progress(Batch.objects.get()).skipped == 1


def test_deleting_needs_a_name_and_a_reason(sandbox: Sandbox) -> None:
    made = company(ana())

    assert run("offboard_companies", "--company", made.ref, "--reason", "x", "--inline").status == 2
    assert run("offboard_companies", "--company", made.ref, "--as", olu().email).status == 2


def test_dry_run_says_what_would_go(sandbox: Sandbox) -> None:
    made = company(ana())

    ran = run("offboard_companies", "--company", made.ref, "--reason", "x", "--dry-run")

    assert (ran.status, ran.out) == (0, "1 erased here.\n")
    assert not Batch.objects.exists()


def test_erasing_leaves_a_stub_without_names(sandbox: Sandbox) -> None:
    owner, keeper = ana(), ben()
    made = company(owner, keeper, contact="Ana Marlow", phone="+44 1", tags={"region": "north"})
    other = company(keeper, customer_id="other")
    support.add_note(made, "Speak to Ana", by=COMMAND)
    invitations.invite(made, email="new@marlow.example", by=COMMAND)

    erasure = erasing.erase(made, by=COMMAND)

    stub = Company.objects.get(pk=made.pk)
    held = repr([vars(stub), list(Event.objects.filter(company=stub).values())]).lower()
    assert not [word for word in ("marlow", "ana@", "+44", "north", "speak") if word in held]
    assert (stub.ref, stub.erased_at is not None) == (made.ref, True)
    assert list(User.objects.values_list("email", flat=True)) == [keeper.email]
    assert list(Membership.objects.values_list("company", flat=True)) == [other.pk]
    assert not Invitation.objects.exists() and not Mail.objects.exists()
    assert erasure.kept == ["1 people who also belong to another company, or are staff"]


def test_erasing_twice_erases_nothing_more() -> None:
    made = company(ana())
    erasing.erase(made, by=COMMAND)
    lines = Event.objects.count()

    assert erasing.erase(made, by=COMMAND).total == 0
    assert Event.objects.count() == lines


def test_customer_id_is_free_again_after_erasing() -> None:
    made = company(ana(), customer_id="cust-7")

    erasing.erase(made, by=COMMAND)

    assert company(customer_id="cust-7").pk != made.pk
