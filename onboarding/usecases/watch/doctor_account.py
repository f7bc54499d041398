"""How our account at Codat is set up: what the examination asks Codat."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from ... import codat
from ...codat.links import host_of, is_loopback
from ...models import Company
from ...platforms import PLATFORMS, TABLES
from ...wiring import Errand
from ...wiring import codat as codat_for
from .findings import Finding, Level

CLOCK_MAY_BE_OFF = timedelta(seconds=60)  # webhooks are refused from five minutes on
NEEDED_IN_RETURN = ("companyId", "connectionId", "statusCode", "errorMessage", "statusText")
NEEDED_EVENTS = frozenset(
    {
        "connection.created",
        "connection.connected",
        "connection.failed",
        "connection.disconnected",
        "connection.reconnected",
        "connection.deleted",
        "company.deleted",
        "read.completed",
        "read.completed.initial",
    }
)
USEFUL_EVENTS = frozenset(
    {
        "company.product.added",
        "company.product.removed",
        "bills.write.successful",
        "bills.write.unsuccessful",
        "expenses.sync.successful",
        "expenses.sync.unsuccessful",
        "client.rateLimit.reached",
        "client.rateLimit.reset",
    }
)


def return_address(profile: codat.Profile) -> Finding:
    wanted = return_template()
    told = profile.redirect_url
    if told == wanted:
        return Finding("return", Level.OK, "Customers come back to this site.")
    fix = f"Paste in Codat, Settings > Auth flow > Redirects, whole: {wanted}"
    if not told.startswith(f"{settings.PUBLIC_URL}{reverse('return')}"):
        return Finding("return", Level.FAILED, "Codat sends customers elsewhere than to this site.", fix)
    missing = [name for name in NEEDED_IN_RETURN if f"{{{name}}}" not in told]
    if missing:
        return Finding("return", Level.WARNING, f"The return address lacks {', '.join(missing)}.", fix)
    return Finding("return", Level.OK, "Customers come back to this site, with parameters of your own.")


def return_template() -> str:
    query = "&".join(f"{name}={{{name}}}" for name in NEEDED_IN_RETURN)
    return f"{settings.PUBLIC_URL}{reverse('return')}?{query}"


def _platforms() -> Iterator[Finding]:
    enabled, page, has_next = set(), 1, True
    while has_next and page < 20:
        told = codat_for(Errand.CLICK).list_integrations(page=page)
        enabled |= {integration.key for integration in told.results if integration.enabled}
        page, has_next = page + 1, told.has_next
    offered = {key for table in TABLES.values() for key in table.platforms}
    missing = sorted(PLATFORMS[key].name for key in offered - enabled)
    if missing:
        fix = (
            "Enable them in the Codat Portal (Settings > Integrations > Manage integrations); "
            "until then nobody is offered them."
        )
        yield Finding("platforms", Level.WARNING, f"Not enabled at Codat: {', '.join(missing)}.", fix)
    else:
        yield Finding("platforms", Level.OK, "Every platform of our tables is enabled at Codat.")


def _data_types() -> Iterator[Finding]:
    """What must be read when a customer links, for the products that store reads."""
    told = {setting.data_type: setting for setting in codat_for(Errand.CLICK).profile_sync_settings()}
    used = set(Company.objects.values_list("product", flat=True).distinct()) or set(TABLES)
    wanted = {name for product in used if TABLES[product].reads_are_stored for name in TABLES[product].data_types}
    missing = sorted(name for name in wanted if name not in told or not told[name].fetch_on_first_link)
    if missing:
        fix = "Turn on “fetch on first link” for them in the Codat Portal (Settings > Integrations > Data types)."
        yield Finding("data types", Level.WARNING, f"Not read on first link: {', '.join(missing)}.", fix)
    else:
        yield Finding("data types", Level.OK, "The data types of our products are read on first link.")


def _webhook() -> Iterator[Finding]:
    if unreachable := _unreachable():
        yield unreachable
        return
    told = codat_for(Errand.CLICK).list_webhooks()
    mine = [each for each in told if _is_mine(each)]
    active = [each for each in mine if not each.disabled]
    if not mine:
        fix = (
            "Run: manage.py doctor --create-webhook. Or paste in Codat, Monitor > Webhooks > Add endpoint: "
            f"{webhook_url()} with the events {', '.join(event_types())}"
        )
        nearly = ", ".join(each.url for each in told if urlsplit(each.url).path.startswith("/webhooks/codat"))
        says = f"Codat has no webhook endpoint {webhook_url()}" + (f", but {nearly}." if nearly else ".")
        yield Finding("webhook", Level.FAILED, says, fix)
    elif not active:
        fix = "Enable it in the Codat Portal (Monitor > Webhooks), then recover the missed events there."
        yield Finding("webhook", Level.FAILED, "The webhook endpoint is disabled at Codat.", fix)
    else:
        yield _events(
            frozenset().union(*(each.event_types for each in active)), any(each.company_tags for each in active)
        )


def _is_mine(endpoint: codat.WebhookConsumer) -> bool:
    """With or without the last slash: ours answers both."""
    return endpoint.url.rstrip("/") == webhook_url().rstrip("/")


def _unreachable() -> Finding | None:
    """Codat itself posts from outside."""
    if not is_loopback(host_of(settings.PUBLIC_URL)) or is_loopback(host_of(settings.CODAT_BASE_URL)):
        return None
    fix = "Set PUBLIC_URL to the https address at which the world reaches this site."
    return Finding("webhook", Level.FAILED, f"Codat cannot post to {webhook_url()}: it is on this machine alone.", fix)


def event_types() -> list[str]:
    return sorted(NEEDED_EVENTS | USEFUL_EVENTS)


def _events(told: frozenset[str], is_filtered: bool) -> Finding:
    fix = "An endpoint cannot be changed: delete it in the Codat Portal, then run manage.py doctor --create-webhook"
    if missing := sorted(NEEDED_EVENTS - told):
        return Finding("webhook", Level.FAILED, f"The webhook endpoint does not get {', '.join(missing)}.", fix)
    if is_filtered:
        return Finding(
            "webhook", Level.WARNING, "The webhook endpoint only gets events of companies with some tags.", fix
        )
    if missing := sorted(USEFUL_EVENTS - told):
        return Finding("webhook", Level.WARNING, f"The webhook endpoint does not get {', '.join(missing)}.", fix)
    return Finding("webhook", Level.OK, "The webhook endpoint is there, with the right events.")


def webhook_url() -> str:
    return f"{settings.PUBLIC_URL}{reverse('webhook')}"


def create_webhook() -> Finding:
    """Register our endpoint at Codat unless it is there. Raises a CodatError with nothing made, or to be looked at."""
    if unreachable := _unreachable():
        return unreachable
    if any(_is_mine(each) for each in codat_for(Errand.CLICK).list_webhooks()):
        return Finding("webhook", Level.OK, "The webhook endpoint exists at Codat already; nothing was created.")
    codat_for(Errand.CLICK).create_webhook(url=webhook_url(), event_types=event_types(), key=uuid4())
    fix = (
        "One step by hand: open the endpoint in the Codat Portal (Monitor > Webhooks), copy its signing secret into "
        "CODAT_WEBHOOK_SECRET and restart. Codat tells the secret nowhere else. Then send a test event from there."
    )
    says = f"The webhook endpoint {webhook_url()} was created, with {len(event_types())} events."
    return Finding("webhook", Level.WARNING, says, fix)


def _clock() -> Iterator[Finding]:
    before = timezone.now()
    theirs = codat_for(Errand.CLICK).server_time()
    if theirs is None:
        return
    ours = before + (timezone.now() - before) / 2
    off = abs(ours - theirs)
    if off > CLOCK_MAY_BE_OFF:
        fix = "Have this machine's clock set by the network (NTP): Codat's webhooks are refused from five minutes on."
        yield Finding(
            "clock", Level.FAILED, f"This machine's clock is {off.total_seconds():.0f} s away from Codat's.", fix
        )
    else:
        yield Finding("clock", Level.OK, "This machine's clock and Codat's agree.")


ASKED_OF_CODAT: dict[str, Callable[[], Iterator[Finding]]] = {
    "platforms": _platforms,
    "data types": _data_types,
    "webhook": _webhook,
    "clock": _clock,
}
