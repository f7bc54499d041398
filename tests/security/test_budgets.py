"""One customer cannot use up what others need: clicks that cost Codat requests are counted."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections as databases
from django.test import Client

from onboarding.models import Company, Connection, Invitation, Mail
from onboarding.usecases import invitations, links
from tests import factories
from tests.factories import COMMAND
from tests.kit import Sandbox
from tests.security.walk import browser
from tests.security.world import World

CLICKS = 60


def test_customer_gets_twenty_starts_an_hour_and_then_words(sandbox: Sandbox, the_world: World):
    shop, ana = the_world.values["shop"], the_world.browser("owner")
    pages = [ana.post(f"/c/{shop.ref}/connect/xero/go/")["Location"] for _ in range(CLICKS)]
    asked = len(sandbox.requests())

    there = [page for page in pages if not page.startswith("/")]
    assert len(there) == 20
    assert asked <= 20 * 2 + 3
    notice = ana.get(f"/c/{shop.ref}/connect/xero/").content.decode()
    assert "You have tried many times in a short while." in notice


def test_other_companies_start_as_ever_meanwhile(sandbox: Sandbox, the_world: World):
    shop, cleos = the_world.values["shop"], Company.objects.get(name="Other Works")
    for _ in range(25):
        the_world.browser("owner").post(f"/c/{shop.ref}/connect/xero/go/")

    answer = the_world.browser("stranger").post(f"/c/{cleos.ref}/connect/xero/go/")

    assert not answer["Location"].startswith("/")


@pytest.mark.parametrize("button", ["connection/check/", "connection/reconnect/"])
def test_clicks_beside_starts_are_counted_too(sandbox: Sandbox, db: None, button: str):
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.forget_requests()

    for _ in range(CLICKS):
        browser(ana).post(f"/c/{connection.company.ref}/{button}")

    limit = 1 if button == "connection/check/" else 2 * 20
    assert len(sandbox.requests()) <= limit


def test_return_is_no_way_around_the_limit(sandbox: Sandbox, db: None):
    """A GET that asks Codat: for an open connection of one's own, and once what it said is final no more."""
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.authorise(str(connection.codat_id))
    sandbox.forget_requests()
    query = {"companyId": connection.company.codat_id, "connectionId": connection.codat_id, "statusCode": "200"}

    for _ in range(CLICKS):
        browser(ana).get("/return/", query)

    assert len(sandbox.requests()) == 1


def test_return_of_an_unfinished_connection_is_limited(sandbox: Sandbox, db: None):
    ana = factories.ana()
    connection = factories.started(factories.company(ana), ana)
    sandbox.forget_requests()
    query = {"companyId": connection.company.codat_id, "connectionId": connection.codat_id, "statusCode": "200"}

    for _ in range(CLICKS):
        browser(ana).get("/return/", query)

    assert len(sandbox.requests()) <= 20


def test_mails_to_others_are_five_a_day(the_world: World):
    bakery, ana = the_world.values["bakery"], the_world.browser("owner")
    before = Mail.objects.filter(kind="colleague").count()

    for number in range(20):
        ana.post(f"/c/{bakery.ref}/share/", {"email": f"victim{number}@else.example"})

    assert Mail.objects.filter(kind="colleague").count() <= 5
    assert before == 1


def test_mails_to_oneself_are_limited(the_world: World):
    shop, ana = the_world.values["shop"], the_world.browser("owner")

    for _ in range(CLICKS):
        ana.post(f"/c/{shop.ref}/connect/xero/email/")

    assert Mail.objects.filter(kind="pc_link").count() <= 20


def test_wishes_for_other_software_are_limited(the_world: World):
    shop, ana = the_world.values["shop"], the_world.browser("owner")

    for number in range(CLICKS):
        ana.post(f"/c/{shop.ref}/other/", {"software": f"Abacus {number}"})

    assert shop.software_requests.count() <= 20


def test_renewals_of_an_invitation_are_three_a_day(the_world: World, time_machine):
    path = f"/invite/{the_world.values['invitation']}/"
    Invitation.objects.filter(email="new@marlow.example").update(expires_at="2020-01-01T00:00:00Z")

    for _ in range(15):
        Client().post(path)

    assert Mail.objects.filter(kind="invitation", to="new@marlow.example").count() <= 1 + 3


def at_once(act: Callable[[], None], times: int = 4) -> None:
    def run() -> None:
        try:
            act()
        finally:
            databases.close_all()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_make_one_connection(sandbox: Sandbox):
    """Four browsers of one company, one button each."""
    ana = factories.ana()
    company = factories.company(ana)
    factories.enable_platforms()
    browsers = [browser(ana) for _ in range(4)]
    for each in browsers:
        each.get("/data/")

    at_once(lambda: browsers.pop().post(f"/c/{company.ref}/connect/xero/go/"))

    assert [len(told["connections"]) for told in sandbox.companies()] == [1]
    assert Connection.objects.filter(company=company, is_unfinished=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_accept_an_invitation_once():
    company = factories.company()
    path = links.invitation_path(invitations.invite(company, email="new@marlow.example", by=COMMAND))
    codes: list[int] = []

    at_once(lambda: codes.append(Client().post(path).status_code))

    assert sorted(codes) == [303, 410, 410, 410]
    assert company.memberships.count() == 1


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_unlink_once(sandbox: Sandbox):
    connection = factories.linked_connection(sandbox)
    ana = connection.company.people.get()
    browsers = [browser(ana) for _ in range(3)]

    at_once(lambda: browsers.pop().post(f"/c/{connection.company.ref}/connection/disconnect/"), 3)

    assert connection.history.filter(kind="unlinked").count() == 1
    connection.refresh_from_db()
    assert connection.status == "Unlinked"
