"""The command that onboards a file, as operations use it."""

import csv
import io
import json
import sys
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from onboarding.forms import clean_row
from onboarding.models import Batch, Company, Event
from onboarding.usecases import bulk
from onboarding.usecases.bulk.cells import unescaped
from tests.bulk.files import COMMAND, HEADER, csv_of, good_rows
from tests.commands.running import olu, run
from tests.factories import person
from tests.kit import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    path.write_bytes(csv_of(good_rows(5)))
    return path


def results(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_run_ends_well_and_writes_the_result(sandbox: Sandbox, file: Path) -> None:
    ran = run("onboard_companies", str(file), "--inline")

    assert (ran.status, len(sandbox.companies())) == (0, 5)
    assert ran.out.endswith("5 created, 0 already there, 0 need you.\n")
    told = results(file.with_suffix(".result.csv"))
    assert {row["codat_id"] for row in told} == {company["id"] for company in sandbox.companies()}
    assert {(row["status"], row["reason"], row["invitation_url"]) for row in told} == {("created", "Created.", "")}


def test_result_is_for_its_owner_alone(sandbox: Sandbox, file: Path) -> None:
    run("onboard_companies", str(file), "--inline")

    assert file.with_suffix(".result.csv").stat().st_mode & 0o077 == 0


def test_result_can_be_loaded_again(sandbox: Sandbox, tmp_path: Path) -> None:
    row = ("=cmd", "+Plus & Minus", "a@b.example", "expenses", "'=1")
    file = tmp_path / "odd.csv"
    file.write_bytes(csv_of([row], header=(*HEADER, "note")))
    run("onboard_companies", str(file), "--inline")
    result = file.with_suffix(".result.csv")
    assert results(result)[0]["customer_id"] == "'=cmd"
    assert unescaped(results(result)[0]["note"]) == "=1"  # its own apostrophe was read as ours
    sandbox.forget_requests()

    ran = run("onboard_companies", str(result), "--inline")

    assert (ran.status, sandbox.requests()) == (0, [])
    assert Company.objects.get().customer_id == "=cmd"
    assert results(result.with_suffix(".result.csv"))[0]["status"] == "already there"


def test_one_bad_row_costs_the_status_and_no_other_row(sandbox: Sandbox, file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"cust-9,,nobody,lending\n")

    ran = run("onboard_companies", str(file), "--inline")

    assert (ran.status, len(sandbox.companies())) == (1, 5)
    assert "line 7: The name is blank." in ran.out
    assert results(file.with_suffix(".result.csv"))[-1]["status"] == "needs you"


def test_dry_run_touches_nothing(sandbox: Sandbox, file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"cust-1,Twice,a@b.example,expenses\ncust-9,,nobody,lending\n")

    ran = run("onboard_companies", str(file), "--dry-run")

    assert ran.status == 1
    assert ran.out.splitlines()[-1] == "5 ready, 1 duplicate of an earlier row (line 7), 1 error (line 8)."
    assert (sandbox.requests(), Batch.objects.count(), Company.objects.count()) == ([], 0, 0)


def test_dry_run_of_a_clean_file_ends_well(file: Path) -> None:
    assert run("onboard_companies", str(file), "--dry-run").status == 0


def test_standard_input_is_read(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = csv_of(good_rows(2), delimiter=";").decode().encode("utf-16")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    result = tmp_path / "told.csv"

    ran = run("onboard_companies", "-", "--inline", "--result", str(result))

    assert (ran.status, len(sandbox.companies())) == (0, 2)
    assert result.read_text("utf-8-sig").startswith("customer_id;name;email;product;status;")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"name,email\n", "Missing: customer_id, product."),
    ],
)
def test_file_that_cannot_be_used_ends_with_two(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)

    ran = run("onboard_companies", str(file), "--inline")

    assert ran.status == 2
    assert said in ran.err


@pytest.mark.parametrize(
    "arguments", [[], ["missing.csv"], ["--resume", "nothing"], ["x.csv", "--per-day", "3"], ["x.csv", "--resume", "y"]]
)
def test_senseless_arguments_end_with_two(arguments: list[str]) -> None:
    assert run("onboard_companies", *arguments).status == 2


def test_resume_finishes_the_rest(sandbox: Sandbox, file: Path) -> None:
    sandbox.settings(company_limit=2)
    first = run("onboard_companies", str(file), "--inline")
    assert first.status == 1
    assert "Stopped after row 2: Our account at Codat is over a limit of its plan (402)" in first.out
    sandbox.settings(company_limit=None)

    ran = run(
        "onboard_companies", "--resume", Batch.objects.get().uid.hex[:8], "--inline", "--result", str(file) + ".r"
    )

    assert (ran.status, len(sandbox.companies())) == (0, 5)


def test_summary_in_json_is_the_only_thing_on_stdout(sandbox: Sandbox, file: Path) -> None:
    ran = run("onboard_companies", str(file), "--inline", "--json")

    told = json.loads(ran.out)
    assert (told["rows"], told["done"], told["state"]) == (5, 5, "finished")
    assert "5 created" in ran.err


def test_plan_counts_requests_and_days(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    file.write_bytes(csv_of(good_rows(3_000)))

    ran = run("onboard_companies", str(file), "--plan")

    assert "3,000 calls, 1,000 a day: 4 days. With 12% kept free: 4 days." in ran.out
    assert "Ends on " in ran.out
    assert [request.path for request in sandbox.requests()] == ["/profile"]


def test_waves_are_foretold_and_told(sandbox: Sandbox, file: Path) -> None:
    how = ("--invite", "--per-day", "2", "--weekdays")

    dry, ran = (
        run("onboard_companies", str(file), "--dry-run", *how),
        run("onboard_companies", str(file), "--inline", "--json", *how),
    )

    assert "5 mails in 3 waves, the last on " in dry.out
    assert "Wave 1 of 3: 2 mails on " in ran.err and "Wave 3 of 3: 1 mail on " in ran.err
    assert json.loads(ran.out)["waves"] == 3


def test_plan_says_when_it_ends_to_machines_too(sandbox: Sandbox, file: Path) -> None:
    began = timezone.now()

    told = json.loads(run("onboard_companies", str(file), "--plan", "--json").out)

    assert (told["requests"], told["days"]) == (5, 1)
    assert datetime.fromisoformat(told["ends_at"]) >= began


def test_plan_says_why_the_quota_is_unknown(sandbox: Sandbox, file: Path) -> None:
    sandbox.stop()
    try:
        ran = run("onboard_companies", str(file), "--plan")
    finally:
        sandbox.start()

    assert "5 calls. Quota unknown: asked Codat, got no answer." in ran.out


def test_person_it_is_done_for_stands_in_the_audit(sandbox: Sandbox, file: Path) -> None:
    user = olu()

    run("onboard_companies", str(file), "--inline", "--invite", "--as", "Olu@Alderway.example")

    assert set(Event.objects.filter(kind="company.created").values_list("by", flat=True)) == {user.pk}
    assert all(
        row["invitation_url"].startswith("http://testserver/invite/")
        for row in results(file.with_suffix(".result.csv"))
    )


def test_person_without_the_right_is_refused(file: Path) -> None:
    sam = person("sam@alderway.example", is_staff=True)
    sam.groups.add(Group.objects.get_or_create(name="Support")[0])
    person("ana@marlow.example")

    for email in ("sam@alderway.example", "ana@marlow.example", "nobody@alderway.example"):
        ran = run("onboard_companies", str(file), "--inline", "--as", email)
        assert (ran.status, Batch.objects.count()) == (2, 0)


def test_detached_run_is_left_to_the_worker(sandbox: Sandbox, file: Path) -> None:
    ran = run("onboard_companies", str(file), "--detach")

    assert (ran.status, sandbox.requests()) == (0, [])
    assert Batch.objects.get().rows.count() == 5


def test_missing_settings_are_named(file: Path, settings) -> None:  # type: ignore[no-untyped-def]
    settings.CODAT_API_KEY = ""

    ran = run("onboard_companies", str(file), "--inline")

    assert ran.status == 2
    assert "CODAT_API_KEY" in ran.err


@pytest.mark.parametrize("command", ["onboard", "adopt", "invite", "remind", "unlink", "offboard", "export"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{command}_companies", "--help").status == 0
    assert f"example:\n  manage.py {command}_companies " in capsys.readouterr().out


def test_resume_of_an_import_that_the_worker_still_stores_says_so() -> None:
    upload = bulk.keep([csv_of(good_rows(3))], name="new.csv", by=COMMAND)
    bulk.read_uploads(60, clean=clean_row)
    upload.refresh_from_db()
    batch = bulk.start(upload, by=COMMAND)

    ran = run("onboard_companies", "--resume", batch.uid.hex[:8])

    assert (ran.status, bulk.state(batch)) == (2, "storing")
    assert "The worker stores the rows of its file" in ran.err
