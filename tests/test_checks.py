import pytest
from django.core.exceptions import ImproperlyConfigured

from onboarding import checks


def ids(messages) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://api.codat.io", []),
        ("http://127.0.0.1:8001", []),
        ("http://localhost:9/x", []),
        ("https://proxy.example.com", ["onboarding.W003"]),
        ("https://codat.io.evil.example", ["onboarding.W003"]),
        ("http://api.codat.io", ["onboarding.E003"]),
        ("http://127.0.0.1.evil.example", ["onboarding.E003"]),
        ("api.codat.io", ["onboarding.E003"]),
    ],
)
def test_base_url_is_https_at_codat_or_on_this_machine(settings, address, found):
    settings.CODAT_BASE_URL = address
    assert ids(checks.codat_is_reached_safely(None)) == found


def test_demand_names_everything_that_is_missing(settings):
    settings.CODAT_BASE_URL = settings.CODAT_API_KEY = settings.SECRET_KEY = ""
    with pytest.raises(ImproperlyConfigured) as caught:
        checks.demand()
    for name in ("CODAT_BASE_URL", "CODAT_API_KEY", "SECRET_KEY"):
        assert f"{name} is not set." in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("CODAT_BASE_URL", "http://evil.example"), ("CODAT_WEBHOOK_SECRETS", ["plain"])],
)
def test_demand_refuses_what_is_wrong(settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=name[:14]):
        checks.demand()


def test_demand_is_silent_when_all_is_there():
    assert checks.demand() is None


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("kqkxvvgxZ4JcBxAAAgpXm9mRtkU5hqAAjp7Oe2Fz", []),
        ("Basic a2V5LWtleS1rZXkta2V5", ["onboarding.W005"]),
        ("c29tZS1rZXktMDEyMzQ1Njc4OQ==", ["onboarding.W005"]),
        ("", []),
    ],
)
def test_key_that_looks_encoded_is_doubted(settings, key, found):
    settings.CODAT_API_KEY = key
    assert ids(checks.api_key_is_plain(None)) == found


@pytest.mark.parametrize(
    ("secrets", "found"),
    [([], ["onboarding.W006"]), (["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], []), (["plain"], ["onboarding.E007"])],
)
def test_webhook_secret_is_one(settings, secrets, found):
    settings.CODAT_WEBHOOK_SECRETS = secrets
    assert ids(checks.webhook_secret_is_usable(None)) == found


def test_demo_never_meets_a_real_codat(settings):
    settings.DEMO, settings.CODAT_BASE_URL = True, "https://api.codat.io"
    assert ids(checks.demo_stays_at_home(None)) == ["onboarding.E004"]


def test_deployment_without_https_or_with_any_host_is_objected_to(settings):
    settings.IS_HTTPS, settings.ALLOWED_HOSTS, settings.DEMO = False, ["*"], True
    assert ids(checks.site_is_public_by_https(None)) == ["onboarding.W010", "onboarding.W011", "onboarding.W013"]


@pytest.mark.parametrize(
    ("colour", "found"), [("", []), ("#0B4A5A", []), ("#FFD34D", ["onboarding.E020"]), ("petrol", ["onboarding.E020"])]
)
def test_a_brand_colour_must_be_readable(settings, colour, found):
    settings.BRAND_PRIMARY = colour
    assert ids(checks.brand_can_be_shown(None)) == found


def test_a_brand_logo_must_be_a_file(settings):
    settings.BRAND_LOGO = "no/such/logo.svg"
    assert ids(checks.brand_can_be_shown(None)) == ["onboarding.E021"]


@pytest.mark.parametrize(("urls", "found"), [({}, ["onboarding.W022"]), ({"expenses": "https://x.example"}, [])])
def test_a_live_portal_should_know_where_its_products_are(settings, urls, found):
    settings.PRODUCT_URLS = urls
    assert ids(checks.products_can_be_opened(None)) == found
