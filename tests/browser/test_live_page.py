"""An open page follows by itself, never moves the focus, and weighs little."""

import gzip

import pytest
from playwright.sync_api import Response, expect

from onboarding.lifecycle import Observation, Source
from onboarding.models import Connection
from onboarding.usecases import door, invitations, links
from tests.browser.conftest import PHONE
from tests.factories import COMMAND
from tests.views.scenes import company_in, reads

pytestmark = pytest.mark.browser

FIRST_VIEW_BYTES, FIRST_VIEW_REQUESTS = 150 * 1024, 8


def test_the_first_read_moves_on_by_itself_and_keeps_the_focus(ana, visit):
    company = company_in("reading", ana)
    page = visit(f"/c/{company.ref}/connection/", ana)
    button = page.get_by_role("button", name="Check again")
    button.focus()

    Connection.objects.update(reads=reads(*["Complete"] * 5, "NotSupported"))

    expect(page.get_by_text("5 of 6 done").first).to_be_visible(timeout=15_000)
    assert page.locator("#news").inner_text() == "5 of 6 done"
    assert button.evaluate("e => e === document.activeElement")


def test_a_page_that_waits_becomes_the_next_one_by_itself(ana, visit):
    company = company_in("checking", ana)
    page = visit(f"/c/{company.ref}/connection/", ana)
    row = company.connections.get()

    door.record({row.pk: Observation("Linked", row.returned_at, Source.WEBHOOK)})

    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is connected", timeout=15_000)


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ("none", "/sign-in/"),
        ("none", "invitation"),
        ("none", "/c/{}/"),
        ("none", "/c/{}/connect/"),
        ("none", "/c/{}/connect/xero/"),
        ("reading", "/c/{}/connection/"),  # with the script that keeps it fresh
        ("linked", "/c/{}/connection/"),
    ],
)
def test_the_first_view_is_light(state, where, ana, visit, live_server):
    company = company_in(state, ana)
    if where == "invitation":
        where = links.invitation_path(invitations.invite(company, email="new@marlow.example", by=COMMAND, send=False))
    page = visit("/data/", ana if where.startswith("/c/") else None, size=PHONE)
    fetched = []
    page.context.clear_cookies(name="nothing")
    fresh = page.context.new_page()
    fresh.route("**/*", lambda route: route.continue_())  # no cache
    fresh.on("response", lambda response: fetched.append((response.url, _sent(response))))

    fresh.goto(live_server.url + where.format(company.ref))
    fresh.wait_for_load_state("networkidle")

    fetched = [(url, size) for url, size in fetched if "/status/" not in url]  # asked for by the page, seconds later
    assert len(fetched) <= FIRST_VIEW_REQUESTS, "\n".join(url for url, _size in fetched)
    assert sum(size for _url, size in fetched) <= FIRST_VIEW_BYTES
    assert {url.split("/")[2] for url, _size in fetched} == {live_server.url.split("/")[2]}


def _sent(response: Response) -> int:
    """Bytes on the wire: static files leave compressed, once they are collected; pages do not."""
    body = response.body()
    return len(gzip.compress(body)) if response.url.endswith((".css", ".js")) else len(body)


def test_nothing_jumps_when_the_faces_arrive(ana, visit, live_server):
    company = company_in("none", ana)
    page = visit("/data/", ana, size=PHONE)
    page.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver(list => { for (const entry of list.getEntries()) window.moved += entry.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )

    page.goto(f"{live_server.url}/c/{company.ref}/connect/xero/")
    page.wait_for_load_state("networkidle")

    assert page.evaluate("window.moved") < 0.1  # the bound of a good page by the web's own measure
