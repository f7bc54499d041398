"""The smaller commands: unlink, invite, remind, adopt, export."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from onboarding.models import (
    Batch,
    BatchKind,
    BatchRow,
    Company,
    Connection,
    Event,
    Invitation,
    Mail,
    MailRefusal,
    Quota,
)
from onboarding.usecases import invitations
from onboarding.usecases.mails import outbox
from tests.bulk.files import COMMAND
from tests.commands.running import olu, run
from tests.factories import ana, company, linked_connection
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def customer(number: int, **fields: str) -> Company:
    names = {"customer_id": f"c-{number}", "name": f"Company {number}", "email": f"o{number}@x.example"}
    made = company(**{**names, **fields})
    Company.objects.filter(pk=made.pk).update(accepted_at=None)
    return made


@pytest.mark.parametrize("column", ["customer_id", "reference", "codat_id"])
def test_unlink_takes_any_name_of_a_company(sandbox: Sandbox, here: Path, column: str) -> None:
    connection = linked_connection(sandbox)
    made = connection.company
    value = {"customer_id": made.customer_id, "reference": made.ref.lower(), "codat_id": str(made.codat_id)}[column]
    (here / "leaving.csv").write_text(f"{column},why\n{value},x\nnobody,y\n{value},z\n")

    ran = run("unlink_companies", "leaving.csv", "--reason", "Ticket 1", "--inline")

    assert ran.status == 1
    assert "line 3: No company has the" in ran.out and "stands on line 2 already" in ran.out
    connection.refresh_from_db()
    assert connection.status == "Unlinked"
    assert connection.history.get(kind="unlinked").reason == "Ticket 1"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (401, "Codat refused our API key (401)."),
        (402, "Our account at Codat is over a limit of its plan (402)"),
        (403, "Codat does not allow our account to do this (403)."),
        (451, "Codat has blocked this for legal reasons (451)."),
    ],
)
def test_unlink_stops_at_what_concerns_all_and_goes_on_without_a_reason(
    sandbox: Sandbox, here: Path, code: int, why: str
) -> None:
    connection = linked_connection(sandbox)
    sandbox.next_answer(code, times=None)
    assert run("unlink_companies", "--company", connection.company.ref, "--inline").status == 2
    stopped = run("unlink_companies", "--company", connection.company.ref, "--reason", "Left", "--inline")
    assert stopped.status == 1 and f"Stopped after row 0: {why}" in stopped.out
    assert BatchRow.objects.get().status == "waiting"
    sandbox.no_more_trouble()
    Quota.objects.all().delete()

    ran = run("unlink_companies", "--resume", Batch.objects.get().uid.hex[:8], "--inline")

    assert (ran.status, sandbox.connection(str(connection.codat_id))["status"]) == (0, "Unlinked")
    assert Event.objects.get(kind="unlinked").reason == "Left"


def test_unlink_dry_run_counts(sandbox: Sandbox, here: Path) -> None:
    connection = linked_connection(sandbox)
    (here / "leaving.csv").write_text(f"reference\n{connection.company.ref}\n{customer(1).ref}\n")
    sandbox.forget_requests()

    ran = run("unlink_companies", "leaving.csv", "--reason", "x", "--dry-run", "--json")

    assert json.loads(ran.out) == {"would be unlinked": 1, "not connected": 1, "errors": 0}
    assert (sandbox.requests(), Batch.objects.count()) == ([], 0)


def test_list_without_a_known_column_is_refused(here: Path) -> None:
    (here / "leaving.csv").write_text("email\na@b.example\n")

    ran = run("unlink_companies", "leaving.csv", "--reason", "x", "--inline")

    assert (ran.status, Batch.objects.count()) == (2, 0)
    assert "customer_id, reference, codat_id" in ran.err


def test_invite_chooses_those_never_invited() -> None:
    french, english, invited = customer(1, language="fr"), customer(2), customer(3, language="fr")
    invitations.invite(invited, by=COMMAND)

    ran = run("invite_companies", "--language", "fr", "--as", olu().email, "--inline")

    assert (ran.status, Batch.objects.get().rows.get().company) == (0, french)
    assert not Invitation.objects.filter(company=english).exists()
    assert Invitation.objects.get(company=french).by.email == "olu@alderway.example"


def test_invite_dry_run_counts() -> None:
    invitations.invite(customer(1), by=COMMAND)
    refusing = customer(2)
    MailRefusal.objects.create(company=refusing, email=refusing.email)
    customer(3)

    ran = run("invite_companies", "--all", "--dry-run")

    assert ran.out == "1 would be invited, 1 asked for no more mails.\n"


def test_invite_everybody_has_to_be_said() -> None:
    assert run("invite_companies", "--inline").status == 2


def sent_days_ago(made: Company, days: int) -> Invitation:
    invitation = invitations.invite(made, by=COMMAND)
    at = timezone.now() - timedelta(days=days)
    Mail.objects.filter(invitation=invitation).update(sent_at=at, created_at=at)
    Invitation.objects.filter(pk=invitation.pk).update(sent_at=at)
    return invitation


def test_remind_writes_what_the_clock_would_and_never_twice() -> None:
    sent_days_ago(customer(1), 4)
    sent_days_ago(customer(2), 1)
    refused = sent_days_ago(customer(3), 4)
    MailRefusal.objects.create(company=refused.company, email=refused.email)

    previewed = run("remind_companies", "--dry-run")
    first, second = run("remind_companies"), run("remind_companies")

    assert "1 invitations unanswered 3+ days." in previewed.out and "1 reminders would be sent." in previewed.out
    assert "1 reminders are sent." in first.out and "Skipped 1: reminders were stopped." in first.out
    assert "0 reminders are sent." in second.out
    assert Mail.objects.filter(facts__day=3).count() == 1


def test_adopt_matches_by_tag_then_by_name_and_only_previews(sandbox: Sandbox) -> None:
    customer(1), customer(2, name="Café Élan"), customer(3, name="Twins"), customer(4, name="Nobody")
    sandbox.create_company("Something else", ourref="c-1")
    sandbox.create_company("Cafe Elan")
    sandbox.create_company("Twins"), sandbox.create_company("Twins")
    sandbox.create_company("Stranger")

    ran = run("adopt_companies", "--tag", "ourref")

    assert ran.status == 1
    assert "Company 1 (c-1) is Something else at Codat, by tag." in ran.out
    assert "Café Élan (c-2) is Cafe Elan at Codat, by name." in ran.out
    assert "unclear: Twins (c-3) fits 2 companies at Codat by name." in ran.out
    assert ran.out.endswith("2 matched, 1 unclear (listed).\n")
    assert not Company.objects.exclude(codat_id=None).exists()


def test_adopt_takes_in_connections_and_keeps_names_and_tags(sandbox: Sandbox) -> None:
    made = customer(1)
    codat_id = sandbox.create_company("Theirs", ourref="c-1", region="north")
    sandbox.authorise(sandbox.create_connection(codat_id, "gbol"), reads=False)

    ran = run("adopt_companies", "--tag", "ourref", "--apply", "--inline", "--result", "told.csv")

    (told,) = sandbox.companies()
    made.refresh_from_db()
    assert (ran.status, str(made.codat_id), told["name"]) == (0, codat_id, "Theirs")
    assert told["tags"] == {"ourref": "c-1", "region": "north", "uid": str(made.uid)}
    assert Connection.objects.get().status == "Linked"
    assert Batch.objects.get().kind == BatchKind.ADOPT


def test_adopt_never_takes_a_foreign_uid_or_an_eleventh_tag(sandbox: Sandbox) -> None:
    customer(1), customer(2)
    sandbox.create_company("Theirs", ourref="c-1", uid="somebody")
    sandbox.create_company("Full", ourref="c-2", **{f"t{n}": "x" for n in range(9)})

    ran = run("adopt_companies", "--tag", "ourref", "--apply", "--inline", "--result", "told.csv")

    assert ran.status == 1
    assert sandbox.requests(method="PATCH") == []
    reasons = " ".join(Batch.objects.get().rows.values_list("reason", flat=True))
    assert "a tag uid that is not ours" in reasons and "ten tags already" in reasons


def test_partial_list_matches_nothing(sandbox: Sandbox) -> None:
    customer(1)
    sandbox.create_company("Company 1")
    sandbox.next_answer(500, times=None, path="/companies")

    ran = run("adopt_companies", "--apply", "--inline")

    assert (ran.status, Batch.objects.count()) == (2, 0)
    assert "nothing was matched" in ran.err


def test_export_is_safe_for_spreadsheets() -> None:
    customer(1, name="=cmd|' /C calc'!A0")

    rows = list(csv.DictReader(io.StringIO(run("export_companies").out)))

    assert (rows[0]["customer_id"], rows[0]["name"]) == ("c-1", "'=cmd|' /C calc'!A0")


def test_export_json_is_a_list() -> None:
    customer(1), customer(2, product="expenses")

    told = json.loads(run("export_companies", "--format", "json", "--product", "expenses").out)

    assert [row["customer_id"] for row in told] == ["c-2"]


def test_export_of_one_holds_everything_but_secrets(sandbox: Sandbox, here: Path) -> None:
    connection = linked_connection(sandbox, ana())

    ran = run("export_companies", "--company", connection.company.ref, "--output", "all.json")

    text = (here / "all.json").read_text()
    told = json.loads(text)
    assert (ran.status, told["company"]["customer_id"]) == (0, connection.company.customer_id)
    assert told["people"][0]["email"] == "ana@marlow.example" and told["timeline"] and told["connections"]
    assert "password" not in text and "link.codat" not in text and "otp" not in text
    assert (here / "all.json").stat().st_mode & 0o077 == 0


def test_export_and_reminders_stand_in_the_audit(here: Path) -> None:
    who = ("--as", olu().email)
    sent_days_ago(customer(1), 4)

    run("export_companies", "--output", "all.csv", *who), run("export_companies", "--company", "c-1", *who)
    run("remind_companies", *who)

    lines = Event.objects.filter(kind__in=["exported", "reminded"]).order_by("pk")
    assert {line.by.email for line in lines} == {"olu@alderway.example"}
    assert [(line.kind, line.company is None) for line in lines] == [
        ("exported", True),
        ("exported", False),
        ("reminded", True),
    ]


def test_export_of_nobody_is_refused() -> None:
    assert run("export_companies", "--company", "ABC-0000").status == 2


def test_mail_of_a_wave_does_not_leave_before_its_day() -> None:
    customer(1), customer(2)

    run("invite_companies", "--all", "--per-day", "1", "--inline")

    assert outbox.send_due() <= 1
