"""The Procfile's own lines with the environment alone, as in production: PostgreSQL, and each of the two brokers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests

from onboarding.models import Batch, Connection, Delivery
from tests import factories
from tests.bulk.files import accepted, csv_of, good_rows
from tests.chaos.traffic import customers
from tests.inside import Customer
from tests.kit import Sandbox
from tests.processes import ROOT, SECRET_KEY, Portal, Process, until
from tests.reckoning import reconcile
from tests.stacks import MakePortal
from tests.webhooks.letters import headers, told

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]

HOST = "connect.example.com"
TOKEN = "only-for-tests-metrics-token"
LINES = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
STAYS = [name for name in LINES if name != "release"]


class Behind(requests.Session):
    """What the proxy in front sends: https has ended there, and the name is the public one."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.update({"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"})


@pytest.fixture(params=["rabbitmq", "redis"])
def portal(request: pytest.FixtureRequest, make_portal: MakePortal, redis_url: str) -> Portal:
    broker_url = redis_url if request.param == "redis" else request.getfixturevalue("amqp_url")
    return make_portal(
        broker_url=broker_url,
        cache_url=redis_url,
        PUBLIC_URL=f"https://{HOST}",
        ALLOWED_HOSTS=HOST,
        TRUSTED_PROXY="127.0.0.1",
        STATIC_STORAGE="",
        STAFF_SECOND_FACTOR="1",
        METRICS_TOKEN=TOKEN,
        LOG_FORMAT="json",
        WEB_CONCURRENCY="2",
    )


@pytest.fixture
def up(portal: Portal) -> Iterator[dict[str, Process]]:
    release = portal.run_line("release", LINES["release"])
    assert release.wait(180) == 0, release.output[-3000:]
    running = {name: portal.run_line(name, LINES[name]) for name in STAYS}
    portal.wait_until_served(running["web"])
    until(lambda: portal.get("/readyz") == 200, "ready", 90, every=0.5)
    yield running
    assert [name for name, process in running.items() if not process.is_alive] == []


def json_lines(process: Process) -> list[dict[str, Any]]:
    lines = []
    for line in process.output.splitlines():
        with suppress(ValueError):
            lines.append(json.loads(line))
    return lines


def test_everything_works_as_the_procfile_says(portal: Portal, up: dict[str, Process], sandbox: Sandbox) -> None:
    sandbox.webhooks(url="")  # Codat comes through the proxy; here the test does
    sandbox.quota(daily=1_000_000)
    row = customers(sandbox, 1)[0]
    batch = accepted(csv_of(good_rows(20)))
    again = portal.run_line("beat-again", f"{LINES['beat']} --schedule {portal.folder}/again")  # on another machine
    browser = Behind()

    _pages_are_safe_and_static_files_last(portal, browser)
    _metrics_are_for_their_bearer(portal, browser)
    sandbox.deauthorise(str(row.codat_id))
    body = told("connection.disconnected", row)
    signed = headers(body, secret=sandbox.webhook_secret) | {"Content-Type": "application/json"}
    assert browser.post(portal.webhook_url, body, headers=signed).status_code == 200
    until(lambda: Connection.objects.get(pk=row.pk).status == "Deauthorized", "the event's news", 60)
    until(lambda: Batch.objects.get(pk=batch.pk).finished_at, "bulk work", 120, every=0.5)
    until(lambda: not Delivery.objects.filter(done_at=None).exists(), "every message handled", 60)
    assert again.is_alive, again.output[-2000:]
    assert sandbox.counts()["companies"] == 21
    assert reconcile(sandbox) == []
    _logs_are_json_with_ids_and_without_secrets(portal, up)


def _pages_are_safe_and_static_files_last(portal: Portal, browser: Behind) -> None:
    page = browser.get(f"{portal.url}/sign-in/")
    assert page.status_code == 200
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "__Host-csrftoken" in page.headers["Set-Cookie"]
    style = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.text)
    assert style, "a style sheet whose name holds its digest"
    packed = browser.get(portal.url + style[1], headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "immutable" in packed.headers["Cache-Control"]
    assert browser.get(f"{portal.url}/sign-in/", headers={"Host": "evil.example"}).status_code == 400


def _metrics_are_for_their_bearer(portal: Portal, browser: Behind) -> None:
    assert browser.get(f"{portal.url}/metrics").status_code == 404
    numbers = browser.get(f"{portal.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert numbers.status_code == 200
    assert "# TYPE" in numbers.text


def _logs_are_json_with_ids_and_without_secrets(portal: Portal, up: dict[str, Process]) -> None:
    web, worker, bulk = (json_lines(up[name]) for name in ("web", "worker", "bulk"))
    asked = {line["request_id"] for line in web if "request_id" in line}
    tasks = [line for line in worker if line.get("task") == "onboarding.tasks.drain_deliveries"]
    assert asked
    assert {line["task_id"] for line in tasks}
    assert asked & {line.get("request_id") for line in tasks}, "a task that a request asked for carries its number"
    assert [line for line in bulk if "correlation_id" in line and line.get("task_id")], "a call's line names both"
    secrets = (SECRET_KEY, TOKEN, portal.sandbox.api_key, portal.sandbox.webhook_secret, "otp=")
    for name, process in up.items():
        assert [secret for secret in secrets if secret in process.output] == [], name


def test_what_readyz_says_when_a_part_is_stopped(portal: Portal, up: dict[str, Process], sandbox: Sandbox) -> None:
    up["beat"].stop()
    said = until(lambda: _unready(portal), "the clock is missed", 120, every=1.0)
    assert said["database"] == "ok"
    assert said["worker"].startswith("last seen")
    assert portal.get("/healthz") == 200
    up["beat"] = portal.run_line("beat", LINES["beat"])
    until(lambda: portal.get("/readyz") == 200, "ready again", 60, every=0.5)


def _unready(portal: Portal) -> dict[str, Any]:
    answer = requests.get(f"{portal.url}/readyz", timeout=20)
    return answer.json() if answer.status_code == 503 else {}


def test_people_sign_in_and_stay_over_a_restart(portal: Portal, up: dict[str, Process], sandbox: Sandbox) -> None:
    """Two web processes share what they know of a session; a new one goes on with it."""
    ana = factories.ana()
    company = factories.company(ana)
    browser = Behind()
    browser.cookies.update(Customer(portal.url, ana).cookies)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    signed_in = {"Cookie": cookie.replace("sessionid", "__Host-sessionid", 1)}
    seen = [browser.get(f"{portal.url}/c/{company.ref}/", headers=signed_in).status_code for _ in range(8)]
    up["web"].stop()
    up["web"] = portal.run_line("web", LINES["web"])
    portal.wait_until_served(up["web"])

    assert set(seen) == {200}
    assert browser.get(f"{portal.url}/c/{company.ref}/", headers=signed_in).status_code == 200
