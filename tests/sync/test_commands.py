"""sync_connections and replay_webhooks, as an operator runs them."""

import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from onboarding.lifecycle import Status
from onboarding.models import Company, Delivery, Event, Lease
from tests import factories
from tests.commands.running import olu
from tests.sync.both_sides import at_codat, same_as_codat
from tests.webhooks.letters import deliver, letter

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue().strip()


@pytest.fixture
def drifted(sandbox):
    at_codat(sandbox, 20)
    ids = [company["connections"][0]["id"] for company in sandbox.companies()]
    for connection_id in ids[:5]:
        sandbox.drift(connection_id, "Deauthorized")
    sandbox.webhooks(drop=True)
    for connection_id in ids[5:8]:
        sandbox.delete_connection(connection_id)
    return sandbox


def test_the_whole_list_is_compared_and_what_changed_is_said(drifted):
    assert run("sync_connections") == "8 changed: 5 deauthorized, 3 deleted at Codat"
    assert same_as_codat(drifted)
    assert run("sync_connections") == "0 changed"


def test_a_dry_run_says_the_same_and_changes_nothing(drifted):
    before = list(Company.objects.order_by("pk").values())

    assert run("sync_connections", "--dry-run") == "8 changed: 5 deauthorized, 3 deleted at Codat"
    assert list(Company.objects.order_by("pk").values()) == before
    assert not same_as_codat(drifted)


def test_machines_get_every_change(drifted):
    told = json.loads(run("sync_connections", "--json").splitlines()[-1])

    assert (told["changed"], told["deauthorized"], told["whole"], len(told["changes"])) == (8, 5, True, 8)
    assert set(told["changes"][0]) == {"company", "before", "after"}


def test_who_had_it_compared_stands_in_the_audit(drifted):
    olu()

    run("sync_connections", "--as", "olu@alderway.example")

    event = Event.objects.get(kind="synced")
    assert (event.by.email, event.facts["n"], event.facts["whole"]) == ("olu@alderway.example", 8, True)


def test_some_companies_cost_one_request_each(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.drift(str(connection.codat_id), "Unlinked")
    sandbox.forget_requests()

    assert run("sync_connections", "--company", connection.company.ref) == "1 changed: 1 unlinked"
    assert len(sandbox.requests()) == 1


def test_a_company_gone_at_codat_is_marked(sandbox):
    connection = factories.linked_connection(sandbox)
    sandbox.webhooks(drop=True)
    sandbox.delete_company(str(connection.company.codat_id))

    assert (
        run("sync_connections", "--company", connection.company.customer_id) == "1 changed: 1 companies gone at Codat"
    )
    connection.refresh_from_db()
    assert connection.status == Status.DELETED


def test_an_unknown_company_is_named():
    with pytest.raises(CommandError, match="customer ID NOBODY") as caught:
        run("sync_connections", "--company", "NOBODY")
    assert caught.value.returncode == 2


def test_codat_away_is_said_in_a_sentence(drifted):
    drifted.next_answer(503, times=None)
    with pytest.raises(CommandError, match="run it again") as caught:
        run("sync_connections")
    assert caught.value.returncode == 1


def test_codats_limit_is_said_with_the_time_from_which_it_goes_on(drifted):
    drifted.next_answer(429, Retry_After=3600, times=None)

    with pytest.raises(CommandError, match=r"Codat takes no further request before \d\d:\d\d UTC. .* run it again"):
        run("sync_connections")


def test_another_sweep_is_not_disturbed(drifted):
    Lease.objects.create(name="sweep", held_by=uuid4(), held_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(CommandError, match="Another sweep") as caught:
        run("sync_connections")
    assert caught.value.returncode == 2


def test_parked_messages_are_replayed():
    (row,) = deliver(letter("company.created", {}))
    Delivery.objects.update(parked_at=timezone.now(), done_at=None)

    assert run("replay_webhooks", "--parked", "--dry-run") == "1 would be replayed"
    assert run("replay_webhooks", "--parked") == "1 replayed"
    row.refresh_from_db()
    assert (row.parked_at, row.done_at) == (None, None)


def test_messages_are_replayed_by_id_and_by_time():
    (row,) = deliver(letter("company.created", {}))

    assert run("replay_webhooks", "--id", row.pk, "--since", "2020-01-01") == "1 replayed"
    assert run("replay_webhooks", "--since", "2099-01-01T12:00") == "0 replayed"
    assert "1 of these are not kept" in run("replay_webhooks", "--id", "msg_unknown")


def test_a_replay_of_nothing_in_particular_is_refused():
    with pytest.raises(CommandError, match="Say which"):
        run("replay_webhooks")
