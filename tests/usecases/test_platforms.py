"""What is offered, and the pictures of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from onboarding import codat
from onboarding.models import PlatformState
from onboarding.platforms import LATER, PLATFORMS, TABLES, by_slug, has_successor, parse, table_of
from onboarding.usecases import platforms
from tests import factories
from tests.kit import Sandbox


def test_the_tables_are_those_of_the_products_set_up_pages() -> None:
    assert TABLES["bill_pay_async"].platforms == ("pdvj", "akxx", "qhyg", "pqsw", "knfz", "gbol")
    assert TABLES["bill_pay_sync"].platforms == ("fbrh", "akxx", "qhyg", "gbol")
    assert TABLES["expenses"].platforms == ("trji", "fbrh", "akxx", "pqsw", "qhyg", "gbol")


@pytest.mark.parametrize("product", TABLES)
def test_later_additions_are_known_and_not_offered(product: str) -> None:
    offered = {platform.key for platform in table_of(product)}

    assert offered.isdisjoint(LATER.get(product, ()))
    assert [p.name for p in table_of(product)] == sorted((p.name for p in table_of(product)), key=str.casefold)


def test_platforms_by_key_and_slug() -> None:
    assert parse(" GBOL ") is parse("xero") is PLATFORMS["gbol"]
    assert parse("nothing") is None
    assert by_slug("bill_pay_sync", "myob") is None


def test_what_ends_and_what_goes_on() -> None:
    assert has_successor("bill_pay_async", "gbol")
    assert not has_successor("bill_pay_async", "pqsw")
    assert not has_successor("expenses", "gbol")


@pytest.mark.django_db
def test_codat_is_asked_once_for_a_platform_that_it_never_told_of(sandbox: Sandbox) -> None:
    company = factories.company()

    platforms.check_offered(company, factories.XERO)
    platforms.check_offered(company, factories.XERO)

    assert len(sandbox.requests("integrations")) == 1
    assert PlatformState.objects.count() == len(PLATFORMS)


@pytest.mark.django_db
def test_a_listing_that_fails_changes_nothing(sandbox: Sandbox) -> None:
    factories.enable_platforms()
    sandbox.next_answer(503, path="integrations", times=None)

    with pytest.raises(codat.Unreachable):
        platforms.refresh_enabled()

    assert PlatformState.objects.filter(is_enabled=True).count() == len(PLATFORMS)


@pytest.mark.django_db
def test_pictures_are_fetched_once_and_kept(sandbox: Sandbox) -> None:
    platforms.refresh_enabled()

    came, again = platforms.refresh_logos(), platforms.refresh_logos()

    xero = PlatformState.objects.get(pk=factories.XERO)
    assert came > 0 and again == 0
    assert bytes(xero.logo or b"") and xero.logo_type.startswith("image/")


@pytest.mark.django_db
def test_a_platform_without_a_picture_is_not_asked_for_every_day(sandbox: Sandbox) -> None:
    platforms.refresh_enabled()
    sandbox.next_answer(404, path="branding", times=None)

    platforms.refresh_logos()
    platforms.refresh_logos()

    enabled = PlatformState.objects.filter(is_enabled=True).count()
    assert len(sandbox.requests("branding")) == enabled
    assert not PlatformState.objects.filter(logo_at__lt=timezone.now(), logo_type__gt="").exists()


@pytest.mark.django_db
def test_pictures_that_cannot_be_reached_are_asked_for_daily_and_hold_up_no_other(sandbox: Sandbox) -> None:
    platforms.refresh_enabled()
    picture = {"image": {"src": "http://127.0.0.1:9/square.png", "alt": ""}}
    sandbox.next_answer(200, path="branding", times=None, body={"logo": {"square": picture}})
    now = timezone.now()

    for hours in (0, 1, 25):
        platforms.refresh_logos(now=now + timedelta(hours=hours))

    enabled = PlatformState.objects.filter(is_enabled=True).count()
    assert len(sandbox.requests("branding")) == 2 * enabled
