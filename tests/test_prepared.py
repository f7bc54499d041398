"""Prepared reads give what the same queryset gives; and the two that every page begins with keep Django's rules."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.test import Client
from django.utils import timezone

from onboarding import queries
from onboarding.models import Company, Connection, Membership, User
from onboarding.prepared import Once, Prepared, Slot
from tests import factories

pytestmark = pytest.mark.django_db
CONNECTIONS = Prepared(
    lambda: (
        Connection.objects.filter(company=Slot("company"), platform_key="gbol")
        .annotate(ref=F("company__ref"))
        .select_related("started_by", "company")
        .order_by("-pk")
    )
)


def _values(connection: Connection) -> dict[str, object]:
    return {name: value for name, value in vars(connection).items() if not name.startswith("_")}


def test_the_rows_are_those_of_the_queryset_in_its_order() -> None:
    company, other = factories.company(), factories.company()
    told = [factories.local_connection(company) for _ in range(2)]
    factories.local_connection(other)
    Connection.objects.update(reads={"bills": {"status": "Complete"}})

    rows = CONNECTIONS.all(company=company.pk)

    assert rows == list(Connection.objects.filter(pk__in=[each.pk for each in told]).order_by("-pk"))
    fresh = Connection.objects.annotate(ref=F("company__ref")).get(pk=told[1].pk)
    assert _values(rows[0]) == _values(fresh)
    assert rows[0].reads == {"bills": {"status": "Complete"}}


def test_related_rows_come_with_it(django_assert_num_queries) -> None:
    company, ana = factories.company(), factories.ana()
    factories.local_connection(company, started_by=ana)
    factories.local_connection(company)
    CONNECTIONS.all(company=company.pk)

    with django_assert_num_queries(1):
        without, by_ana = CONNECTIONS.all(company=company.pk)
        assert (by_ana.started_by, without.started_by) == (ana, None)
        assert by_ana.company == company


def test_a_row_can_be_saved_again() -> None:
    company = factories.company()
    factories.local_connection(company)

    (row,) = CONNECTIONS.all(company=company.pk)
    row.organisation = "Bakery"
    row.save(update_fields=["organisation"])

    assert Connection.objects.get().organisation == "Bakery"


def test_one_row_that_is_not_there_is_the_models_own_refusal() -> None:
    with pytest.raises(Company.DoesNotExist):
        queries.company_of(factories.ana(), "nowhere1")


def test_a_person_sees_their_own_company_with_their_role() -> None:
    ana, ben = factories.ana(), factories.ben()
    company = factories.company()
    Membership.objects.create(company=company, user=ana, role="member")
    Membership.objects.create(company=company, user=ben, role="connector")

    assert (queries.company_of(ana, company.ref).role, queries.company_of(ben, company.ref).role) == (
        "member",
        "connector",
    )


@pytest.fixture
def signed_in() -> Client:
    client = Client()
    client.force_login(factories.ana())
    return client


def _is_signed_in(client: Client) -> bool:
    return client.get("/companies/").status_code == 200


def test_a_session_is_known_until_it_expires(signed_in: Client) -> None:
    assert _is_signed_in(signed_in)

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert not _is_signed_in(signed_in)


def test_a_session_that_was_taken_away_is_nobody(signed_in: Client) -> None:
    Session.objects.all().delete()

    assert not _is_signed_in(signed_in)


def test_a_person_who_may_no_longer_sign_in_is_nobody(signed_in: Client) -> None:
    User.objects.update(is_active=False)

    assert not _is_signed_in(signed_in)


def test_a_person_who_was_deleted_is_nobody(signed_in: Client) -> None:
    User.objects.all().delete()

    assert not _is_signed_in(signed_in)


def _with_software(look_up: type[Subquery]) -> QuerySet[Company]:
    newest = Connection.objects.filter(company=OuterRef("pk")).order_by("-pk")
    return Company.objects.annotate(software=look_up(newest.values("platform_key")[:1])).order_by("pk")


def test_a_kept_subquery_finds_what_any_finds_and_is_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.local_connection(factories.company(), platform_key="gbol")
    factories.company()
    made: list[object] = []
    stock = Subquery.as_sql
    monkeypatch.setattr(Subquery, "as_sql", lambda *told, **more: (made.append(told[0]), stock(*told, **more))[1])
    kept = _with_software(Once)

    found = [[company.software for company in kept.all()] for _ in range(3)]

    assert found == [["gbol", None]] * 3
    assert len(made) == 1


def test_a_kept_subquery_holds_within_another_query_too() -> None:
    company = factories.company()
    factories.local_connection(company, platform_key="gbol")
    factories.company()
    kept = _with_software(Once)
    assert len(kept) == 2

    assert kept.filter(software="gbol").get() == company
    assert Company.objects.get(pk__in=kept.filter(software="gbol").values("pk")) == company
    assert kept.filter(software="gbol").count() == 1
