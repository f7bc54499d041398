import pytest
from django.core.cache import cache
from django.test import Client

from onboarding.models import User
from tests import factories

PRODUCTS = ("bill_pay_async", "bill_pay_sync", "expenses")
BACKEND = "onboarding.asking.Accounts"


@pytest.fixture(autouse=True)
def _operator(settings) -> None:
    """The operator of the pictures."""
    settings.PRODUCT_NAMES = dict.fromkeys(PRODUCTS, "Alderway Bills|Alderway Factures")
    settings.PRODUCT_URLS = dict.fromkeys(PRODUCTS, "https://bills.alderway.example/")


@pytest.fixture
def ana(db: None) -> User:
    return factories.ana()


@pytest.fixture
def cleo(db: None) -> User:
    return factories.cleo()


@pytest.fixture
def browser_of(db: None):
    """A client in which somebody is signed in, and has seen a page: the session's times are written."""
    cache.clear()

    def signed_in(user: User, **options) -> Client:
        client = Client(**options)
        client.force_login(user, backend=BACKEND)
        client.get("/data/")
        return client

    return signed_in


@pytest.fixture
def at_ana(ana: User, browser_of) -> Client:
    return browser_of(ana)
