"""P7: lists of staff at 100,000 companies and 1,000,000 events, next to a floor and to the stock admin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench import world
from bench.report import RUNS, Measure, Target, at_least, at_most, medians, seconds, side_by_side, spread

COMPANIES, EVENTS = 100_000, 1_000_000
QUERIES = 6

# Ten in a thousand wait for somebody, the rest works: what a portal of a year looks like.
FILL_COMPANIES = """
INSERT INTO onboarding_company (uid, ref, customer_id, name, email, language, product, contact, phone, country,
    time_zone, tags, created_at, codat_id, codat_name, codat_products, state, state_since, turn, needs, needs_since,
    platform_key, organisation, search_text)
SELECT gen_random_uuid(), 'B' || lpad(n::text, 7, '0'), 'customer-' || n, 'Customer ' || md5(n::text) || ' Ltd',
    'owner-' || n || '@customer.example', 'en', 'bill_pay_async', '', '', '', '', '{{}}',
    now() - n * interval '1 minute', gen_random_uuid(), 'Customer', '[]',
    CASE WHEN n % 100 = 0 THEN 'expired' ELSE 'linked' END, now() - n * interval '1 minute',
    CASE WHEN n % 100 = 0 THEN 1 ELSE 3 END, CASE WHEN n % 100 = 0 THEN 'expired' ELSE '' END, now(),
    CASE WHEN n % 2 = 0 THEN 'gbol' ELSE 'qhyg' END, '', 'customer ' || md5(n::text) || ' ltd customer-' || n
FROM generate_series(1, {companies}) AS n
"""
FILL_CONNECTIONS = """
INSERT INTO onboarding_connection (company_id, kind, origin, platform_key, platform_name, codat_id, created_at, status,
    unknown_status, seen_by_read, is_unfinished, failures, failure, organisation, organisation_was, reads, looks,
    look_error, last_read_at)
SELECT id, 'accounting', 'ours', platform_key, '', gen_random_uuid(), now(),
    CASE WHEN state = 'expired' THEN 'Deauthorized' ELSE 'Linked' END, '', true, false, 0, '', '', '', '{{}}', 0, '',
    now() FROM onboarding_company
"""
FILL_EVENTS = """
INSERT INTO onboarding_event (company_id, kind, at, recorded_at, source, before, after, reason, facts, is_problem,
    correlation_id, delivery_id)
SELECT (SELECT min(id) FROM onboarding_company) + n % {companies}, CASE WHEN n % 3 = 0 THEN 'connected' ELSE 'read' END,
    now() - n * interval '1 second', now(), 'webhook', '', '', '', '{{}}', false, md5(n::text), 'msg_' || md5(n::text)
FROM generate_series(1, {events}) AS n
"""


def run(size: int) -> Iterator[Measure]:
    with world.database(ALLOWED_HOSTS="testserver"):
        _fill(COMPANIES * size, EVENTS * size)
        yield from _measure(COMPANIES * size, EVENTS * size, RUNS if size == 1 else 1)


def _fill(companies: int, events: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in (FILL_COMPANIES, FILL_CONNECTIONS, FILL_EVENTS):
            cursor.execute(statement.format(companies=companies, events=events))
    world.analyze()


def _measure(companies: int, events: int, runs: int) -> Iterator[Measure]:
    from django.conf import settings

    settings.ROOT_URLCONF = "bench.list_urls"
    client = _staff()
    ours, stock = "/admin/onboarding/company/", "/stock/onboarding/company/"
    word = _a_word()
    yield _page(client, f"{companies:,} companies, first page", ours, stock, runs)
    yield _page(client, "… filtered by software", f"{ours}?software=gbol", f"{stock}?platform_key=gbol", runs)
    yield _page(client, "… searched by name", f"{ours}?q={word}", f"{stock}?q={word}", runs, is_search=True)
    deep = _deep(ours, "turn", "state_since")
    yield _page(client, "… a page in the middle", deep, f"{stock}?p={companies // 200}", runs)
    ours, stock = "/admin/onboarding/event/", "/stock/onboarding/event/"
    key, found = _an_event()
    yield _page(client, f"{events:,} events, first page", ours, stock, runs)
    yield _page(client, "… a page in the middle", f"{ours}?after={key}", f"{stock}?p={events // 200}", runs)
    yield _page(client, "… searched by id", f"{ours}?q={found}", f"{stock}?q={found}", runs, is_search=True)


def _page(client: Any, name: str, ours: str, stock: str, runs: int, *, is_search: bool = False) -> Measure:
    floor = "/floor/event/" if "event" in ours else "/floor/company/"
    for address in (floor, ours):
        _get(client, address)
    ways = {"floor": floor, "ours": ours, "stock": stock}
    found = side_by_side({way: partial(_timed, client, address) for way, address in ways.items()}, runs)
    told = medians(found)
    with world.counted() as mine:
        _get(client, ours)
    with world.counted() as theirs:
        _get(client, stock)
    figures = {way: f"{value * 1000:.0f} ms" for way, value in told.items()}
    targets: list[Target] = [
        at_most("ours / floor", told["ours"] / told["floor"], 2),
        at_most("queries", mine.count, QUERIES),
    ]
    if is_search:
        targets.append(at_least("stock / ours", told["stock"] / told["ours"], 10))
    figures["queries of stock"] = f"{theirs.count}"
    return Measure("P7", name, figures, targets, f"{spread(found['floor'])} s")


def _timed(client: Any, address: str) -> float:
    return seconds(lambda: _get(client, address))


def _get(client: Any, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, f"{address} answered {answer.status_code}"


def _staff() -> Any:
    from django.test import Client

    from onboarding.models import User

    client = Client(raise_request_exception=True)
    client.force_login(User.objects.create_superuser("staff@alderway.example", "not-used-anywhere"))
    return client


def _a_word() -> str:
    """A piece of one company's name, as somebody types it."""
    from onboarding.models import Company

    company = Company.objects.order_by("pk")[Company.objects.count() // 2]
    return str(company.name.split()[1][4:14])


def _deep(address: str, *names: str) -> str:
    from urllib.parse import urlencode

    from onboarding.models import Company

    row = Company.objects.order_by(*names, "id")[Company.objects.count() // 2]
    return f"{address}?{urlencode({'after': f'{row.turn}~{row.state_since.isoformat()}~{row.pk}'})}"


def _an_event() -> tuple[str, str]:
    from onboarding.models import Event

    row = Event.objects.order_by("pk")[Event.objects.count() // 2]
    return str(row.pk), row.correlation_id
