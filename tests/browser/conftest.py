"""Pages in the system's own Chromium: a live portal, the local Codat, and people who are signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from onboarding.models import User
from tests import factories
from tests.kit import Sandbox

AXE = (Path(__file__).parent.parent / "vendor/axe-core-4.14.1/axe.min.js").read_text()
PRODUCTS = ("bill_pay_async", "bill_pay_sync", "expenses")
DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (320, 640)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    found = shutil.which("chromium")
    assert found, "Chromium is not installed; the browser tests need it."
    return {"executable_path": found, "args": ["--no-sandbox"]}


@pytest.fixture(autouse=True)
def _operator(settings, transactional_db: None) -> Iterator[None]:
    settings.PRODUCT_NAMES = dict.fromkeys(PRODUCTS, "Alderway Bills|Alderway Factures")
    settings.PRODUCT_URLS = dict.fromkeys(PRODUCTS, "https://bills.alderway.example/")
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ana(transactional_db: None) -> User:
    return factories.ana()


@pytest.fixture
def codat(sandbox: Sandbox, live_server) -> Sandbox:
    """The local Codat, whose Link leads back to the live portal."""
    names = ("companyId", "connectionId", "statusCode", "errorMessage", "statusText")
    query = "&".join(f"{name}={{{name}}}" for name in names)
    sandbox.settings(redirect_url=f"{live_server.url}/return/?{query}")
    return sandbox


@pytest.fixture
def visit(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own, signed in as somebody; errors on its console end the test."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def is_ours(message) -> bool:
        """An error of a page of ours: a broken rule, a script, a file that is missing; not a page's own 4xx."""
        url = message.location.get("url", "")
        is_answer = message.text.startswith("Failed to load resource") and "/static/" not in url
        return message.type == "error" and url.startswith(live_server.url) and not is_answer

    def opened(path: str, user: User | None = None, *, size: tuple[int, int] = DESKTOP, **options) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **{"locale": "en-GB", **options})
        contexts.append(context)
        if user is not None:
            context.add_cookies(
                [{"name": django_settings.SESSION_COOKIE_NAME, "value": _session(user), "url": live_server.url}]
            )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if is_ours(message) else None)
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def _session(user: User) -> str:
    client = Client()
    client.force_login(user, backend="onboarding.asking.Accounts")
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def faults() -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with a page: rule and element, WCAG 2.0 to 2.2 A and AA, and best practice."""

    def found(page: Page) -> list[str]:
        page.evaluate(AXE)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", tags)
        return [f"{page.url} {fault['id']} {node['html']}" for fault in result["violations"] for node in fault["nodes"]]

    return found
