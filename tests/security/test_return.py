"""Back from Codat: the address is a hint. What counts is found among the person's own connections."""

from __future__ import annotations

import pytest
from django.test import Client

from onboarding.models import Connection
from tests import factories
from tests.kit import Sandbox
from tests.security.walk import browser, changed, fingerprint

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def started(db: None, sandbox: Sandbox) -> Connection:
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.forget_requests()
    return connection


@pytest.fixture
def at_ana(started: Connection) -> Client:
    assert started.started_by is not None
    client = browser(started.started_by)
    client.get("/")
    return client


def query(connection: Connection, **told: str) -> dict[str, str]:
    ids = {"companyId": str(connection.company.codat_id), "connectionId": str(connection.codat_id)}
    return {**ids, "statusCode": "200", **told}


def test_return_asks_codat_once_and_records_what_it_says(at_ana: Client, started: Connection, sandbox: Sandbox):
    sandbox.authorise(str(started.codat_id))
    sandbox.forget_requests()

    answer = at_ana.get("/return/", query(started))

    assert answer["Location"] == f"/c/{started.company.ref}/connection/"
    assert [request.method for request in sandbox.requests()] == ["GET"]
    started.refresh_from_db()
    assert started.is_linked


def test_forged_success_is_not_believed(at_ana: Client, started: Connection):
    at_ana.get("/return/", query(started))

    started.refresh_from_db()
    assert started.status == "PendingAuth"


def test_repeated_return_changes_nothing_more(at_ana: Client, started: Connection, sandbox: Sandbox):
    sandbox.authorise(str(started.codat_id))
    at_ana.get("/return/", query(started))
    history = started.history.count()

    at_ana.get("/return/", query(started))

    assert started.history.count() == history


def test_somebody_elses_connection_is_left_alone(started: Connection, sandbox: Sandbox):
    cleo = browser(factories.cleo())
    factories.company(factories.User.objects.get(email="cleo@other.example"), name="Other Works")
    cleo.get("/")
    before = fingerprint()

    answer = cleo.get("/return/", query(started, statusCode="403"))

    assert answer["Location"] == "/"
    assert changed(before, fingerprint()) == []
    assert sandbox.requests() == []


def test_who_is_not_signed_in_changes_nothing_and_comes_back_after_sign_in(started: Connection, sandbox: Sandbox):
    before = fingerprint()

    answer = browser(None).get("/return/", query(started))

    assert answer["Location"].startswith("/sign-in/?next=/return/%3F")
    assert changed(before, fingerprint()) == []
    assert sandbox.requests() == []


NAMES = ("errorMessage", "errormessage", "statusText", "connectionId", "companyId", "statusCode")
VALUES = (SCRIPT, "{{ 1234|add:4321 }}{% debug %}", "x" * 5000, "\x00", "';DROP TABLE--", "🦄", "-1", "²")


def test_nonsense_in_the_address_is_shown_nowhere(at_ana: Client, started: Connection):
    for name in NAMES:
        for value in VALUES:
            answer = at_ana.get("/return/", query(started, **{name: value}), follow=True)

            page = answer.content.decode()
            assert (answer.status_code, SCRIPT in page, "5555" in page) == (200, False, False), (name, value)


def test_head_and_post_are_no_returns(at_ana: Client, started: Connection, sandbox: Sandbox):
    assert at_ana.head("/return/", query(started)).status_code == 405
    assert at_ana.post("/return/", query(started)).status_code == 405
    assert sandbox.requests() == []
