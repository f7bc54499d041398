"""Nonsense of every kind, sent to every address as whoever gets furthest: an answer in words each time, never a 500.

A few hundred tries in `make test`, always the same ones; many new ones in `make chaos`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from onboarding.models import Delivery
from onboarding.usecases import webhooks
from tests.bulk.files import csv_of, good_rows
from tests.kit import Sandbox
from tests.security import table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import HERE as STAFF_PAGES
from tests.security.test_access_staff import path_of
from tests.security.world import World, rows_for_staff
from tests.stacks import count
from tests.webhooks.letters import post

QUIET: Mapping[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
pytestmark = pytest.mark.timeout(600)
PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"
FIELD = re.compile(r'<(?:input|select|textarea)[^>]*?\bname="([^"]+)"')

# Names that some page of ours or of Django's reads, and values that have broken somebody's page before.
NAMES = st.sampled_from(
    [
        "q",
        "p",
        "o",
        "e",
        "page",
        "after",
        "before",
        "kind",
        "state",
        "status",
        "product",
        "next",
        "ids",
        "tick",
        "companyId",
        "connectionId",
        "statusCode",
        "errorMessage",
        "statusText",
        "all",
        "_changelist_filters",
        "_popup",
        "_to_field",
        "id__exact",
        "pk__gt",
        "company__name__regex",
        "at__year",
        "at__month",
        "at__day",
        "term",
        "field_name",
        "app_label",
        "model_name",
        "lang",
        "language",
        "email",
        "reason",
        "name",
        "customer_id",
    ]
) | st.text(max_size=12)
NASTY = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-1",
        "1e309",
        "NaN",
        "9" * 30,
        "9" * 5000,
        "٣",
        "²",
        "None",
        "null",
        "true",
        "\x00",
        "a\x00b",
        "\ud7ff\ue000",
        "\u202e\u2066",
        "\ufeff",
        "🙂" * 300,
        "é" * 3000,
        "'",
        '"',
        "\\",
        "%",
        "%00",
        "%ff",
        "{{7*7}}",
        "{%",
        "<script>",
        "../../etc/passwd",
        "=1+1",
        "2024-02-30",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59+14:00",
        "-infinity",
        "[]",
        "{}",
        "a,b,,c",
        "1,2,3",
        ",",
        "\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "//evil.example",
        "11111111-1111-4111-8111-111111111111",
        "11111111-1111-4111-8111-11111111111",
        "x@y",
        "a@" + "b" * 300 + ".example",
        "Europe/Nowhere",
        "de",
        "xero",
    ]
) | st.text(max_size=40)
FIELDS = st.lists(st.tuples(NAMES, NASTY), max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | NASTY
    | st.sampled_from(["Linked", "x" * 900]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def few(examples: int) -> Callable[[Any], Any]:
    return settings(max_examples=examples, derandomize=True, **QUIET)


def many() -> Callable[[Any], Any]:
    return settings(max_examples=count(300, 20_000), print_blob=True, **QUIET)


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


class Site:
    """Every page and form of the site, with who gets furthest there."""

    def __init__(self, the: World) -> None:
        rows = rows_for_staff(the)
        company = f"/admin/onboarding/company/{rows['onboarding/company']}"
        acts = [f"{company}/do/{name}/" for name in table_staff.ACTS]
        bulk = [f"/admin/onboarding/company/bulk/{kind}/" for kind in table_staff.BULK_KINDS]
        admin = [path_of(route, rows) for route in STAFF_PAGES if "password-reset/(" not in route] + acts + bulk
        admin_posts = [path_of(route, rows) for route in table_staff.POSTS] + acts + bulk
        admin_posts += [f"/admin/{model}/add/" for model in table_staff.MODELS] + ["/admin/login/"]
        self.pages = [(who, path) for who in ("owner", "connector", "anonymous") for path in _paths(the, "GET")]
        self.pages += [("superuser", path) for path in admin]
        self.forms = [(who, path) for who in ("owner", "anonymous") for path in _paths(the, "POST")]
        self.forms += [("superuser", path) for path in admin_posts]
        self._the = the
        self._fields: dict[str, list[str]] = {}

    def browser(self, who: str) -> Client:
        """Signed in again, should some form have signed them out."""
        user, browser = self._the.people[who], self._the.browser(who)
        if user is not None and not browser.session.get("_auth_user_id"):
            browser.force_login(user)
        return browser

    def fields(self, who: str, path: str) -> list[str]:
        """The names in the forms of a page, if there is a page to look at."""
        if path not in self._fields:
            answer = self.browser(who).get(path)
            text = "" if answer.streaming else answer.content.decode(errors="replace")
            self._fields[path] = sorted({html.unescape(name) for name in FIELD.findall(text)} - {"csrfmiddlewaretoken"})
        return self._fields[path]


def _paths(the: World, method: str) -> list[str]:
    return [address(route, the) for route, how in CELLS if how == method and not route.startswith("webhooks/")]


@pytest.fixture
def site(sandbox: Sandbox, the_world: World) -> Site:
    the_world.sign_in_all()
    return Site(the_world)


def ask(site: Site, data: st.DataObject) -> None:
    who, path = data.draw(st.sampled_from(site.pages))
    answer = site.browser(who).get(path, data.draw(FIELDS))
    assert answer.status_code < 500 or path == "/readyz", (path, answer.status_code)


def fill_in(site: Site, data: st.DataObject) -> None:
    """The fields that the form has, and some that it has not."""
    cache.clear()  # or the limits answer before the form does
    who, path = data.draw(st.sampled_from(site.forms))
    told = {name: data.draw(NASTY, label=name) for name in site.fields(who, path) if data.draw(st.booleans())}
    answer = site.browser(who).post(path, {**dict(data.draw(FIELDS)), **told})
    assert answer.status_code < 500, (path, answer.status_code)


def test_no_query_string_breaks_a_page(site: Site) -> None:
    few(250)(given(st.data())(lambda data: ask(site, data)))()


def test_no_field_breaks_a_form(site: Site) -> None:
    few(250)(given(st.data())(lambda data: fill_in(site, data)))()


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_no_query_string_breaks_a_page_in_many_tries(site: Site) -> None:
    many()(given(st.data())(lambda data: ask(site, data)))()


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_no_field_breaks_a_form_in_many_tries(site: Site) -> None:
    many()(given(st.data())(lambda data: fill_in(site, data)))()


def places_of(told: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a JSON text, its branches too."""
    yield at
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for key, value in inner:
        yield from places_of(value, (*at, key))


def changed_at(told: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A copy in which another value stands at one place; `...`: nothing."""
    if not at:
        return value
    copy = dict(told) if isinstance(told, dict) else list(told)
    if len(at) == 1 and value is ...:
        del copy[at[0]]
    else:
        copy[at[0]] = changed_at(told[at[0]], at[1:], value)
    return copy


def published() -> list[Any]:
    return [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("webhook.*.json"))]


def send(events: list[Any], data: st.DataObject) -> None:
    """Whatever it holds, a signed JSON object is kept and acknowledged, and handling it never fails by surprise."""
    event = data.draw(st.sampled_from(events))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from([place for place in places_of(event) if place]))
        event = changed_at(event, at, data.draw(st.just(...) | JSON))
        if len(event) < 1:
            break
    message_id = f"msg_{uuid4().hex}"
    assert post(json.dumps(event).encode(), message_id=message_id) == 200
    webhooks.drain()
    row = Delivery.objects.get(pk=message_id)
    assert not (row.error or "").startswith("Traceback"), row.error


def send_bytes(body: bytes) -> None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return  # nobody can sign it by the library; test_endpoint sends such bodies
    assert post(text.encode()) in (200, 400)


@pytest.mark.django_db(transaction=True)
def test_no_event_of_any_shape_is_refused_or_breaks_its_handler(sandbox: Sandbox) -> None:
    events = published()
    few(200)(given(st.data())(lambda data: send(events, data)))()


@pytest.mark.django_db(transaction=True)
def test_no_signed_bytes_break_the_endpoint(sandbox: Sandbox) -> None:
    few(100)(given(st.binary(max_size=200) | JSON.map(lambda told: json.dumps(told).encode()))(send_bytes))()


@pytest.mark.chaos
@pytest.mark.timeout(7200)
@pytest.mark.django_db(transaction=True)
def test_no_event_of_any_shape_breaks_its_handler_in_many_tries(sandbox: Sandbox) -> None:
    events = published()
    many()(given(st.data())(lambda data: send(events, data)))()


CELL = NASTY | st.sampled_from(["cust-1", "bill_pay_async", "ana@marlow.example", "fr", "GB"])
ROWS = st.lists(st.lists(CELL, max_size=6), max_size=5)
HEADERS = st.lists(
    st.sampled_from(["customer_id", "name", "email", "product", "language", "country", "platforms", "tag:x", "", "é"]),
    max_size=6,
) | st.just(["customer_id", "name", "email", "product"])


def a_file(data: st.DataObject) -> bytes:
    """Anything between nonsense and a good file of which some bytes were changed."""
    if data.draw(st.booleans()):
        content = csv_of(data.draw(ROWS), header=data.draw(HEADERS), delimiter=data.draw(st.sampled_from(",;\t|")))
    else:
        content = csv_of(good_rows(4))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        content = (
            content[:at]
            + data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"\0", b"\r", b"\xff\xfe"]))
            + content[at:]
        )
    return content


def load(browser: Client, data: st.DataObject) -> None:
    content = a_file(data)
    name = data.draw(st.sampled_from(["new.csv", "new.xlsx", "", "../x.csv", "n" * 300, "é.csv"]))
    answer = browser.post("/admin/onboarding/batch/import/", {"file": SimpleUploadedFile(name or "x", content)})
    assert answer.status_code < 500, content
    if answer.status_code == 303:
        assert browser.get(answer.headers["Location"]).status_code < 500, content


def test_no_file_breaks_the_import(sandbox: Sandbox, the_world: World) -> None:
    browser = the_world.browser("Operations")
    few(150)(given(st.data())(lambda data: load(browser, data)))()


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_no_file_breaks_the_import_in_many_tries(sandbox: Sandbox, the_world: World) -> None:
    browser = the_world.browser("Operations")
    many()(given(st.data())(lambda data: load(browser, data)))()
