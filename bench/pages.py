"""P8: a customer's pages, next to the same template without session, person and database."""

from __future__ import annotations

import gzip
import re
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

from bench import load, servers, world
from bench.report import RUNS, Measure, at_most, medians, percentile, side_by_side

PAGES, AT_ONCE = 150, 8
MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"
LINKED = re.compile(rb"""<(?:link|script|img)\b[^>]*?(?:href|src)="(/(?:static|brand)[^"]+)\"""")
FONTS = re.compile(rb"""url\(["']?([^"')]+\.woff2)""")


def run(_size: int) -> Iterator[Measure]:
    more = {"STATIC_STORAGE": MANIFEST, "ALLOWED_HOSTS": "testserver,127.0.0.1"}
    with world.database(**more) as url, TemporaryDirectory(prefix="portal-bench-") as folder, ExitStack() as stack:
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False, skip_checks=True)
        cookie, path = _customer()
        own = {"STATIC_STORAGE": MANIFEST}
        ports = {
            "template only": stack.enter_context(
                servers.gunicorn("bench.servers.template_only", url, Path(folder), BENCH_PAGE=path, **own)
            ),
            "ours": stack.enter_context(servers.gunicorn("portal.wsgi", url, Path(folder), **own)),
        }
        yield _speed(ports, load.get(path, Cookie=cookie), _queries(path))
        yield _weight(path)


def _customer() -> tuple[str, str]:
    """A signed-in person's cookie, and the address of their company's home: connected, with a history."""
    from django.conf import settings
    from django.test import Client

    from onboarding.models import Membership, User
    from tests import factories

    user = factories.ana()
    company = factories.company(email=user.email)
    Membership.objects.create(company=company, user=user, role="member")
    factories.enable_platforms()
    factories.local_connection(company, organisation="Marlow Street Bakery")
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}", f"/c/{company.ref}/"


def _client() -> Any:
    from django.test import Client

    from onboarding.models import User

    client = Client()
    client.force_login(User.objects.get())
    return client


def _queries(path: str) -> int:
    client = _client()
    client.get(path)
    with world.counted() as told:
        assert client.get(path).status_code == 200
    return told.count


def _speed(ports: dict[str, int], request: bytes, queries: int) -> Measure:
    crowd: dict[str, list[float]] = {name: [] for name in ports}

    def alone(name: str) -> float:
        return statistics.median(_load(ports[name], request, 1)) * 1000

    def at_once(name: str) -> float:
        crowd[name] += _load(ports[name], request, AT_ONCE)
        return 0.0

    for name in ports:
        _load(ports[name], request, AT_ONCE)
    ways = {name: partial(alone, name) for name in ports} | {f"{name}, 8": partial(at_once, name) for name in ports}
    told = medians(side_by_side(ways, RUNS))
    late = {name: percentile(values, 0.95) * 1000 for name, values in crowd.items()}
    return Measure(
        row="P8",
        name="a customer's home, connected",
        figures={name: f"p50 alone {told[name]:.1f} ms, p95 at 8 at once {late[name]:.0f} ms" for name in ports},
        targets=[
            at_most("ours / template only at p50", told["ours"] / told["template only"], 3),
            at_most("p95 in ms at 8 at once", late["ours"], 60),
            at_most("queries", queries, 5),
        ],
        notes="4 workers on the 2 processors that also send the load",
    )


def _load(port: int, request: bytes, lines: int) -> list[float]:
    told = load.send_all(port, [request] * PAGES, lines)
    assert set(told.statuses) == {"200"}, told.statuses
    return told.latencies


def _weight(path: str) -> Measure:
    """What a browser fetches on the first view: the page, what it names, and every font that a style could want."""
    client = _client()
    page = client.get(path).content
    parts = dict.fromkeys(found.decode() for found in LINKED.findall(page))
    sizes, fonts = {path: len(gzip.compress(page))}, dict[str, int]()
    for part in parts:
        body = _body(client, part)
        sizes[part] = len(body) if part.endswith((".woff2", ".png")) else len(gzip.compress(body))
        for name in FONTS.findall(body):
            where = urljoin(part, name.decode())
            fonts[where] = len(_body(client, where))
    sizes |= fonts
    logos = [part for part in sizes if part.startswith("/logo/")]
    total = sum(sizes.values()) / 1024
    return Measure(
        row="P8",
        name="first view of a customer's home",
        figures={
            "weight, compressed": f"{total:.0f} KB",
            "requests": f"{len(sizes)}",
            "of them fonts": f"{len(fonts)}",
        },
        targets=[at_most("KB", total, 150), at_most("requests", len(sizes) - len(logos), 8)],
        notes="every font that the styles name is counted, wanted by this page or not",
    )


def _body(client: Any, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path} answered {answer.status_code}"
    return b"".join(answer.streaming_content) if answer.streaming else answer.content
