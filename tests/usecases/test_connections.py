"""Start, reconnect, check, disconnect, drop: over real HTTP, with everything that goes wrong."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from onboarding import codat, wiring
from onboarding.actors import CLOCK, Actor
from onboarding.errors import (
    AlreadyConnected,
    NotOffered,
    NotUnfinished,
    PlatformPaused,
    TooManyTries,
)
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Connection, Event, User
from onboarding.platforms import TABLES
from onboarding.usecases import connections, observing, platforms
from onboarding.wiring import Errand
from tests import factories
from tests.kit import Sandbox
from tests.processes import until
from tests.usecases.test_companies import in_thread

pytestmark = pytest.mark.django_db

EVERY_PLATFORM = [(product, key) for product, table in TABLES.items() for key in table.platforms]


def start(company: Company, user: User, key: str = factories.XERO) -> codat.LinkUrl:
    return connections.start(company, key, by=Actor.customer(user))


def only(company: Company) -> Connection:
    return Connection.objects.select_related("company").get(company=company)


@pytest.mark.parametrize(("product", "key"), EVERY_PLATFORM)
def test_every_platform_of_every_product_connects_and_disconnects(sandbox: Sandbox, product: str, key: str) -> None:
    connection = factories.linked_connection(sandbox, product=product, platform_key=key)

    connections.unlink(connection, by=CLOCK)

    connection.refresh_from_db()
    assert connection.status == Status.UNLINKED
    assert sandbox.connection(str(connection.codat_id))["status"] == "Unlinked"
    assert [request for request in sandbox.requests() if request.invalid] == []


def test_start_takes_two_writes_and_gives_a_link(sandbox: Sandbox, company: Company, ana: User) -> None:
    link = start(company, ana)

    connection = only(company)
    assert link.reveal().startswith(sandbox.url)
    assert [request.method for request in sandbox.requests()] == ["POST", "POST"]
    assert (connection.status, connection.is_unfinished, connection.started_by) == ("PendingAuth", True, ana)
    assert connection.left_at is not None
    assert list(connection.company.events.filter(kind="left").values_list("by", flat=True)) == [ana.pk]


def test_a_second_start_uses_the_same_connection_with_a_fresh_link(
    sandbox: Sandbox, company: Company, ana: User
) -> None:
    first, second = start(company, ana), start(company, ana)

    assert first != second
    assert only(company).status == Status.PENDING_AUTH
    assert len(sandbox.requests(method="POST")) == 2


def test_other_software_drops_the_unfinished_one(sandbox: Sandbox, company: Company, ana: User) -> None:
    start(company, ana)
    start(company, ana, factories.QUICKBOOKS)

    statuses = dict(company.connections.values_list("platform_key", "status"))
    [told] = sandbox.companies()
    assert statuses == {factories.XERO: "Deleted", factories.QUICKBOOKS: "PendingAuth"}
    assert [connection["status"] for connection in told["connections"]] == ["PendingAuth"]


def test_one_finished_elsewhere_is_never_dropped(sandbox: Sandbox, company: Company, ana: User) -> None:
    start(company, ana)
    sandbox.authorise(str(only(company).codat_id))

    with pytest.raises(NotUnfinished):
        start(company, ana, factories.QUICKBOOKS)

    assert only(company).status == Status.LINKED


def test_nothing_is_started_beside_a_linked_one(sandbox: Sandbox) -> None:
    connection = factories.linked_connection(sandbox)

    with pytest.raises(AlreadyConnected):
        start(connection.company, connection.started_by, factories.QUICKBOOKS)

    assert only(connection.company).pk == connection.pk


@pytest.mark.parametrize("key", ["mqjo", "zzzz", factories.FREEAGENT])
def test_only_the_products_table_is_offered(sandbox: Sandbox, company: Company, ana: User, key: str) -> None:
    with pytest.raises(NotOffered):
        start(company, ana, key)

    assert sandbox.requests() == []


def test_a_platform_disabled_at_codat_is_not_offered(sandbox: Sandbox, company: Company, ana: User) -> None:
    sandbox.enable(factories.XERO, False)
    platforms.refresh_enabled()

    with pytest.raises(NotOffered):
        start(company, ana)

    assert factories.XERO not in [offer.platform.key for offer in platforms.offered(company)]


def test_quickbooks_online_is_not_offered_in_france(company: Company) -> None:
    company.country = "FR"

    assert factories.QUICKBOOKS not in [offer.platform.key for offer in platforms.offered(company)]


def test_a_paused_platform_says_why(sandbox: Sandbox, company: Company, ana: User) -> None:
    until = timezone.now() + timedelta(hours=1)
    pause = platforms.pause(
        factories.XERO, reason_en="Xero is down.", reason_fr="Xero est en panne.", until=until, by=CLOCK
    )

    with pytest.raises(PlatformPaused) as caught:
        start(company, ana)

    assert caught.value.pause == pause
    platforms.resume(pause, by=CLOCK)
    assert start(company, ana)


def test_twenty_starts_an_hour_are_enough(company: Company, ana: User) -> None:
    now = timezone.now()
    Event.objects.bulk_create(
        Event(company=company, kind="left", at=now - timedelta(minutes=n), source="customer") for n in range(20)
    )

    with pytest.raises(TooManyTries) as caught:
        start(company, ana)

    assert caught.value.minutes == 41


def test_a_lost_answer_to_the_connection_is_found_again(sandbox: Sandbox, company: Company, ana: User) -> None:
    sandbox.lose_answer("POST", "/connections$")

    with pytest.raises(codat.Unreachable):
        start(company, ana)
    start(company, ana)

    [told] = sandbox.companies()
    assert [connection["id"] for connection in told["connections"]] == [str(only(company).codat_id)]


@pytest.mark.parametrize("comes_first", ["its news", "a stranger's row"])
def test_a_lost_one_that_codat_tells_without_its_software_is_made_once(
    sandbox: Sandbox, company: Company, ana: User, comes_first: str
) -> None:
    """Codat may leave `integrationKey` out: then our own start is told by its being unfinished."""
    sandbox.settings(integration_key=False)
    sandbox.lose_answer("POST", "/connections$")
    with pytest.raises(codat.Unreachable):
        start(company, ana)
    company.refresh_from_db()
    assert company.codat_id
    [told] = wiring.codat(Errand.FOLLOW).list_connections(company.codat_id).results
    if comes_first == "a stranger's row":
        Connection.objects.create(company=company, codat_id=told.id, origin="elsewhere")
    observing.adopt(company, told, at=timezone.now(), source=Source.WEBHOOK)

    start(company, ana)

    [at_codat] = sandbox.companies()
    [live] = company.connections.exclude(status=Status.DELETED)
    assert [each["id"] for each in at_codat["connections"]] == [str(live.codat_id)]
    assert (live.status, live.platform_key) == (Status.PENDING_AUTH, factories.XERO)


def test_an_error_after_the_connection_was_made_is_healed(sandbox: Sandbox, company: Company, ana: User) -> None:
    sandbox.next_answer(500, method="POST", path="/connections$", after_effect=True)

    assert start(company, ana)

    assert len(sandbox.companies()[0]["connections"]) == 1


def test_the_link_of_one_that_was_found_again_opens(sandbox: Sandbox, company: Company, ana: User) -> None:
    sandbox.next_answer(500, method="POST", path="/connections$", after_effect=True)

    assert "statusCode=200" in sandbox.visit_link(start(company, ana).reveal())


def test_a_refused_connection_leaves_no_unfinished_row(sandbox: Sandbox, company: Company, ana: User) -> None:
    sandbox.next_answer(400, method="POST", path="/connections$")

    with pytest.raises(codat.Refused):
        start(company, ana)
    start(company, ana)

    assert sorted(company.connections.values_list("status", flat=True)) == ["Deleted", "PendingAuth"]


def test_a_company_deleted_at_codat_is_made_anew_by_the_next_connect(
    sandbox: Sandbox, company: Company, ana: User
) -> None:
    start(company, ana)
    company.refresh_from_db()
    gone = company.codat_id
    sandbox.delete_company(str(gone))

    start(company, ana, factories.QUICKBOOKS)

    company.refresh_from_db()
    assert company.codat_id != gone
    assert company.gone_at is None
    assert [UUID(told["id"]) for told in sandbox.companies()] == [company.codat_id]


@pytest.mark.parametrize("path", ["/companies$", "/connections$"])
def test_a_conflict_over_a_fresh_key_is_not_replayed_to_the_next_try(
    sandbox: Sandbox,
    company: Company,
    ana: User,
    path: str,
) -> None:
    sandbox.next_answer(409, method="POST", path=path)

    with pytest.raises(codat.Refused):
        start(company, ana)
    start(company, ana)

    assert len(sandbox.companies()[0]["connections"]) == 1


def test_software_that_codat_does_not_find_makes_no_second_company(
    sandbox: Sandbox, company: Company, ana: User
) -> None:
    sandbox.next_answer(404, method="POST", path="/connections$")

    with pytest.raises(NotOffered):
        start(company, ana)
    company.refresh_from_db()

    assert [UUID(told["id"]) for told in sandbox.companies()] == [company.codat_id]
    assert company.gone_at is None
    assert only(company).status == Status.DELETED


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_company_and_one_connection(sandbox: Sandbox) -> None:
    ana = factories.ana()
    factories.enable_platforms()
    company = factories.company(ana)
    sandbox.slow(0.2, method="POST", times=None)

    clicks = [threading.Thread(target=in_thread, args=(start, company, ana)) for _ in range(3)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    [told] = sandbox.companies()
    assert len(told["connections"]) == 1
    assert company.connections.count() == 1


def test_still_running_after_a_lost_answer_is_no_proof_that_nothing_was_made(
    sandbox: Sandbox,
    company: Company,
    ana: User,
) -> None:
    sandbox.slow(60, "POST", "/connections$")  # its effect comes after the wait
    with pytest.raises(codat.Unreachable):
        connections.start(company, factories.XERO, by=Actor.customer(ana), errand=Errand.RETURN)  # waits 2 s
    with pytest.raises(codat.Refused) as caught:
        start(company, ana)

    sandbox.no_more_trouble()
    until(lambda: bool(sandbox.companies()[0]["connections"]), "the first one's effect")
    sandbox.clock(7200)  # seconds: the key is forgotten
    start(company, ana)

    assert caught.value.code == 409
    assert len(sandbox.companies()[0]["connections"]) == 1
