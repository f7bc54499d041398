"""System checks: what is missing or unsafe is said at start, by id, with the remedy."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from . import brand
from .codat import is_usable_secret, looks_encoded
from .codat.links import host_of, is_loopback
from .platforms import TABLES

Apps = Sequence[AppConfig] | None
LEAST_TOKEN = 20  # characters

REPLAYED_FOR_DAYS = 15
NO_BASE_URL = Error(
    "CODAT_BASE_URL is not set.",
    hint="Set it to https://api.codat.io; `make run` without it starts a demo with a Codat of its own.",
    id="onboarding.E001",
)
NO_API_KEY = Error(
    "CODAT_API_KEY is not set.",
    hint="Make a key in the Codat Portal (Developers > API keys) and set it as it stands there.",
    id="onboarding.E002",
)


def demand() -> None:
    """Raises ImproperlyConfigured that names what is missing or wrong; every process that serves or works calls it."""
    found = [message for check in DEMANDED for message in check(None) if isinstance(message, Error)]
    words = [f"{message.msg} {message.hint}" for message in found]
    if not _has_secret_key():
        words.append("SECRET_KEY is not set. Set it to 50 random characters or more.")
    if words:
        raise ImproperlyConfigured(" ".join(words))


def _has_secret_key() -> bool:
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:  # Django's own words would not say what to set
        return False


def _missing() -> list[CheckMessage]:
    return [*([] if settings.CODAT_BASE_URL else [NO_BASE_URL]), *([] if settings.CODAT_API_KEY else [NO_API_KEY])]


@register(Tags.security)
def codat_is_named(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    return _missing()


@register(Tags.security)
def codat_is_reached_safely(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """https at Codat, or a loopback address: the key and the customers' data go there."""
    address = settings.CODAT_BASE_URL
    host = host_of(address)
    if not address or is_loopback(host):
        return []
    if not host or not address.lower().startswith("https:"):
        hint = "Use https://api.codat.io, or a loopback address for an imitation of Codat."
        return [Error("CODAT_BASE_URL is neither https nor a loopback address.", hint=hint, id="onboarding.E003")]
    if host == "codat.io" or host.endswith(".codat.io"):
        return []
    hint = "Is this a proxy of yours? The API key and all customers' data go there."
    return [Warning(f"CODAT_BASE_URL is not at Codat but at {host}.", hint=hint, id="onboarding.W003")]


@register(Tags.security)
def demo_stays_at_home(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    if not settings.DEMO or is_loopback(host_of(settings.CODAT_BASE_URL)) or not settings.CODAT_BASE_URL:
        return []
    hint = "Unset DEMO: in demo mode anybody can read the mails that are sent."
    return [Error("DEMO is on, and CODAT_BASE_URL is not on this machine.", hint=hint, id="onboarding.E004")]


@register(Tags.security)
def api_key_is_plain(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Codat shows the key plain and as an Authorization header; only the plain one belongs here."""
    if not looks_encoded(settings.CODAT_API_KEY):
        return []
    hint = "Set the key itself, not the Authorization header or its Base64 form."
    return [Warning("CODAT_API_KEY looks base64-encoded already.", hint=hint, id="onboarding.W005")]


@register(Tags.security)
def webhook_secret_is_usable(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    hint = "Copy the signing secret of the webhook endpoint from the Codat Portal; during a rotation, new,old."
    if not settings.CODAT_WEBHOOK_SECRETS:
        return [Warning("CODAT_WEBHOOK_SECRET is not set: every webhook is refused.", hint=hint, id="onboarding.W006")]
    if not all(is_usable_secret(secret) for secret in settings.CODAT_WEBHOOK_SECRETS):
        return [Error("CODAT_WEBHOOK_SECRET holds what is no signing secret.", hint=hint, id="onboarding.E007")]
    return []


DEMANDED = (codat_is_named, codat_is_reached_safely, demo_stays_at_home, webhook_secret_is_usable)


@register(Tags.security, deploy=True)
def site_is_public_by_https(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.IS_HTTPS:
        hint = "Set PUBLIC_URL to the https address that customers use: cookies and links follow it."
        found.append(Warning("PUBLIC_URL is not https.", hint=hint, id="onboarding.W010"))
    if any(host in ("*", "") or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        found.append(
            Warning("ALLOWED_HOSTS lets in hosts that are not named.", hint="List each name.", id="onboarding.W011")
        )
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME)
    if settings.IS_HTTPS and not all(name.startswith("__Host-") for name in names):
        found.append(Warning("A cookie is not bound to its host.", hint="Name it __Host-….", id="onboarding.W012"))
    if settings.DEMO:
        found.append(Warning("DEMO is on.", hint="Unset it: `make run` alone sets it.", id="onboarding.W013"))
    return found


@register(Tags.security, deploy=True)
def doors_are_shut(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """What lets in more than it seems to: a trust in everybody, staff by password alone, mails in the log."""
    found: list[CheckMessage] = []
    if any(ip_network(text).prefixlen == 0 for text in settings.TRUSTED_PROXY if text != "unix"):
        hint = "List the proxy's own address: whoever is listed can claim to be anybody."
        found.append(Warning("TRUSTED_PROXY lists everybody.", hint=hint, id="onboarding.W018"))
    if not settings.STAFF_SECOND_FACTOR:
        hint = "Unset STAFF_SECOND_FACTOR: staff can act for every customer."
        found.append(Warning("Staff need no second factor.", hint=hint, id="onboarding.W019"))
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < LEAST_TOKEN:
        hint = f"Set it to {LEAST_TOKEN} random characters or more."
        found.append(Warning("METRICS_TOKEN can be guessed.", hint=hint, id="onboarding.W021"))
    return [*found, *_mails()]


def _mails() -> list[CheckMessage]:
    """Mails carry codes and links that sign people in."""
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        hint = "Set EMAIL_URL to your mail server, such as smtp+tls://user:password@host:587."
        return [Warning("Mails, with their codes, are printed into the log.", hint=hint, id="onboarding.W023")]
    is_plain = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not (
        getattr(settings, "EMAIL_USE_TLS", False) or getattr(settings, "EMAIL_USE_SSL", False)
    )
    if is_plain and not is_loopback(settings.EMAIL_HOST):
        hint = "Use smtp+tls:// or smtp+ssl://."
        return [Warning("Mails, with their codes, travel in clear.", hint=hint, id="onboarding.W024")]
    return []


@register(Tags.database, deploy=True)
def waits_are_limited(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """A database or broker that hangs must not take the pages with it."""
    database = settings.DATABASES["default"]
    found: list[CheckMessage] = []
    if not database.get("CONN_HEALTH_CHECKS"):
        found.append(Warning("Database connections are not checked before use.", id="onboarding.W014"))
    if database["ENGINE"].endswith("postgresql") and not settings.WEB_STATEMENT_SECONDS:
        found.append(Warning("A page may wait for the database for ever.", id="onboarding.W015"))
    if not settings.CELERY_BROKER_CONNECTION_TIMEOUT:
        found.append(Warning("A process may wait for the broker for ever.", id="onboarding.W016"))
    if database.get("ATOMIC_REQUESTS"):
        found.append(Warning("ATOMIC_REQUESTS holds a transaction over calls to Codat.", id="onboarding.W017"))
    return found


@register(Tags.templates)
def brand_can_be_shown(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """A colour on which nobody can read, or a logo that is not there, is said before a customer meets it."""
    found: list[CheckMessage] = []
    if settings.BRAND_PRIMARY and (objection := brand.objection(settings.BRAND_PRIMARY)):
        hint = "Choose a darker colour, written as #rrggbb; without one the pages have their own."
        found.append(Error(f"BRAND_PRIMARY cannot be used: {objection}.", hint=hint, id="onboarding.E020"))
    if settings.BRAND_LOGO:
        try:
            brand.logo(settings.BRAND_LOGO)
        except OSError:
            hint = "Set it to the path of an SVG, PNG, WebP or JPEG file that the portal can read."
            found.append(Error("BRAND_LOGO names no file that can be read.", hint=hint, id="onboarding.E021"))
    return found


@register(Tags.templates, deploy=True)
def products_can_be_opened(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Without its address, a connected customer's page has no button to go on to the product."""
    missing = [product for product in TABLES if not brand.product_url(product)]
    if len(missing) < len(TABLES):
        return []
    hint = "Set it to the addresses of your products, such as bill_pay_async=https://bills.example.com."
    return [Warning("PRODUCT_URLS names no product.", hint=hint, id="onboarding.W022")]


@register(Tags.database)
def memory_outlives_replays(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """A message that Codat can still send again must not have been forgotten, or it would count as new."""
    if settings.KEEP_DELIVERIES_DAYS >= REPLAYED_FOR_DAYS:
        return []
    hint = f"Codat keeps events for replay for two weeks: set it to {REPLAYED_FOR_DAYS} or more."
    return [Warning("KEEP_DELIVERIES_DAYS is too short.", hint=hint, id="onboarding.W030")]


@register(Tags.database)
def customers_have_a_reserve(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Bulk work that may use the whole day leaves nothing to the customer who clicks; a full reserve stops it."""
    if 1 <= settings.QUOTA_RESERVE_PERCENT <= 90:
        return []
    hint = "Codat's daily allowance is shared: keep 5 to 25 percent for customers."
    return [Warning("QUOTA_RESERVE_PERCENT is not between 1 and 90.", hint=hint, id="onboarding.W031")]
