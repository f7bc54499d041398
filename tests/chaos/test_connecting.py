"""kill -9 of the web process at each step of a customer's way: each thing once at Codat, and right in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Barrier

import pytest

from onboarding.models import Connection
from tests import factories
from tests.chaos.moments import Lock, Visitor, in_background, kept_waiting
from tests.kit import Sandbox
from tests.processes import Portal, until
from tests.reckoning import reconcile

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
Tell = Callable[[str], None]

CREATE_COMPANY, CREATE_CONNECTION = ("POST", "/companies$"), ("POST", "/connections$")
AT_CODAT = [
    ("DELETE", "/connections/", False),  # of the unfinished one, when other software is chosen: it comes first
    (*CREATE_COMPANY, False),
    (*CREATE_COMPANY, True),
    (*CREATE_CONNECTION, False),
    (*CREATE_CONNECTION, True),
]
TABLES = ["consent", "quota", "company", "connection", "event"]


@pytest.fixture
def portal(large: Portal, sandbox: Sandbox) -> Portal:
    factories.enable_platforms()
    sandbox.webhooks(url=large.webhook_url)
    sandbox.settings(
        redirect_url=f"{large.url}/return/?companyId={{companyId}}&connectionId={{connectionId}}"
        "&statusCode={statusCode}&errorMessage={errorMessage}&statusText={statusText}"
    )
    return large


def agree(sandbox: Sandbox) -> list[str]:
    """What differs when the last news has had time to come."""
    differences: list[str] = []

    def same() -> bool:
        differences[:] = reconcile(sandbox)
        return not differences

    try:
        until(same, "agreement", 60, every=1.0)
    except TimeoutError:
        return differences
    return []


def killed_at_codat(portal: Portal, sandbox: Sandbox, visitors: list[Visitor]) -> None:
    """One click hangs at each request of the way, with its work done and not; then all die together."""
    web = portal.start_web(workers=3)
    changing = visitors[0]
    changing.connect("quickbooks-online")
    with ExitStack() as moments:
        for number, (method, path, is_done) in enumerate(AT_CODAT):
            wait = moments.enter_context(kept_waiting(sandbox, method, path, is_done=is_done))
            in_background(visitors[number].connect)
            wait()
        web.kill()
    sandbox.no_more_trouble()


def killed_at_tables(portal: Portal, visitors: list[Visitor]) -> None:
    """One click after the other is about to write to a table, and dies there."""
    for visitor, table in zip(visitors, TABLES, strict=True):
        web = portal.start_web()
        with Lock(portal.environment["DATABASE_URL"], f"onboarding_{table}") as lock:
            in_background(visitor.connect)
            lock.wait_for_somebody()
            web.kill()


def test_the_web_process_dies_at_each_step_of_connecting(portal: Portal, sandbox: Sandbox, tell: Tell) -> None:
    visitors = [Visitor(portal, number) for number in range(len(AT_CODAT) + len(TABLES))]
    killed_at_codat(portal, sandbox, visitors[: len(AT_CODAT)])
    killed_at_tables(portal, visitors[len(AT_CODAT) :])
    began = time.monotonic()
    portal.start_worker(waits=False)
    portal.start_beat()
    portal.start_web(workers=2)
    for visitor in visitors:
        visitor.go_through(visitor.connect_until_at_link())

    assert agree(sandbox) == []
    assert [visitor.status() for visitor in visitors] == ["Linked"] * len(visitors)
    assert sandbox.counts()["companies"] == sandbox.counts()["connections"] == len(visitors)
    assert sandbox.counts()["invalid"] == 0
    tell(f"{len(visitors)} clicks killed, all Linked within {time.monotonic() - began:.0f} s, each once at Codat")


def test_the_web_process_dies_on_the_way_back_and_while_disconnecting(
    portal: Portal, sandbox: Sandbox, tell: Tell
) -> None:
    web = portal.start_web(workers=3)
    portal.start_worker(waits=False)
    portal.start_beat()
    returning, reconnecting, leaving, left = visitors = [Visitor(portal, number) for number in range(4)]
    for visitor in visitors[1:]:
        visitor.become_linked()
    sandbox.deauthorise(str(reconnecting.connection.codat_id))
    until(lambda: reconnecting.status() == "Deauthorized", "Deauthorized", 20)
    link = returning.connect_until_at_link()
    sandbox.webhooks(url=portal.webhook_url, delay_seconds=20)
    with ExitStack() as moments:
        acts = [
            (lambda: returning.go_through(link), ("GET", str(returning.connection.codat_id)), True),
            (
                lambda: reconnecting.browser.post(f"{reconnecting.home}connection/reconnect/"),
                ("GET", str(reconnecting.connection.codat_id)),
                True,
            ),
            (leaving.disconnect, ("PATCH", str(leaving.connection.codat_id)), False),
            (left.disconnect, ("PATCH", str(left.connection.codat_id)), True),
        ]
        for act, (method, path), is_done in acts:
            wait = moments.enter_context(kept_waiting(sandbox, method, path, is_done=is_done))
            in_background(act)
            wait()
        web.kill()
    sandbox.no_more_trouble()
    portal.start_web()
    reconnecting.go_through(reconnecting.reconnect_until_at_link())

    assert agree(sandbox) == []
    assert [visitor.status() for visitor in visitors] == ["Linked", "Linked", "Unlinked", "Unlinked"]
    tell("return, reconnect and disconnect killed at Codat; portal and Codat agree")


@pytest.mark.parametrize("stack", ["large", "small"])
def test_two_clicks_at_once_make_one_connection(request: pytest.FixtureRequest, sandbox: Sandbox, stack: str) -> None:
    portal: Portal = request.getfixturevalue(stack)
    factories.enable_platforms()
    portal.start_web(workers=2)
    visitor, gate = Visitor(portal, 1), Barrier(4)
    answers = []

    def click() -> None:
        gate.wait(10)
        answers.append(visitor.connect().headers.get("Location", ""))

    for thread in [in_background(click) for _ in range(4)]:
        thread.join(40)

    assert len(answers) == 4
    assert sum(answer.startswith(sandbox.url) for answer in answers) >= 1
    assert (sandbox.counts()["companies"], sandbox.counts()["connections"]) == (1, 1)
    assert Connection.objects.count() == 1
