"""What a support agent does thirty times a day, in a real browser, in the clicks that it may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from playwright.sync_api import Locator, Page

from onboarding import roles
from onboarding.actors import Actor
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, User
from onboarding.usecases import reads, timeline
from tests import factories
from tests.browser.test_staff_pages import LIST, staff
from tests.kit import Sandbox
from tests.views.scenes import company_in

pytestmark = pytest.mark.browser


@pytest.fixture
def sam(transactional_db: None) -> User:
    return staff("Support")


@pytest.fixture
def lead(transactional_db: None) -> Callable[[str], User]:
    roles.grant(apps)

    def named(name: str) -> User:
        staff_of = Group.objects.filter(name="Support lead")
        email = f"{name.lower()}@alderway.example"
        user = User.objects.create_user(email, "a-long-password-1", name=name, is_staff=True)
        user.groups.set(staff_of)
        return user

    return named


class Clicks:
    """Counts what the hand does: typing is none."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, what: Locator) -> None:
        self.count += 1
        what.click()

    def button(self, name: str) -> None:
        self.on(self.page.get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> None:
        self.on(self.page.get_by_role("link", name=name, exact=True))

    def more(self) -> None:
        self.on(self.page.get_by_text("More actions", exact=True))


def page_of(company: Company) -> str:
    return f"{LIST}{company.pk}/change/"


def told(page: Page) -> str:
    return page.locator(".messagelist").inner_text()


def test_a_word_of_the_name_finds_the_company_in_one_box(ana, sam, visit):
    made = company_in("linked", ana, name="Toft Stores")
    company_in("linked", ana, name="Harrow Timber")
    page = visit(LIST, sam)

    page.keyboard.type("toft")
    page.keyboard.press("Enter")

    page.get_by_text("1 match").wait_for()
    page.get_by_role("link", name="Toft Stores").click()
    page.wait_for_url(f"**{page_of(made)}**")


def test_a_search_without_result_says_what_was_searched(ana, sam, visit):
    page = visit(LIST, sam)

    page.keyboard.type("nobody of that name")
    page.keyboard.press("Enter")

    page.get_by_text("No match. Searched: Name, reference").wait_for()


def test_what_is_wrong_stands_in_the_first_lines_without_scrolling(ana, sam, visit):
    page = visit(page_of(company_in("expired", ana)), sam)

    first = page.locator(".next-step")

    assert "Codat reported the connection as Deauthorized 2 hours ago" in first.inner_text()
    assert first.evaluate("e => e.getBoundingClientRect().top") < 300
    assert first.get_by_role("link", name="Send reconnect email").is_visible()


def test_one_click_checks_with_codat_and_says_so_on_the_same_page(codat: Sandbox, sam, visit):
    connection = factories.linked_connection(codat)
    codat.drift(str(connection.codat_id), "Deauthorized")
    page = visit(page_of(connection.company), sam)
    clicks = Clicks(page)

    clicks.button("Check with Codat")

    page.locator(".messagelist").wait_for()
    assert told(page).startswith("Checked ") and told(page).endswith(": Deauthorized.")
    assert page.url.endswith(page_of(connection.company))
    assert clicks.count == 1


def test_a_check_that_codat_refuses_says_when_to_try_next(codat: Sandbox, sam, visit):
    connection = factories.linked_connection(codat)
    codat.next_answer(429, Retry_After=600)
    page = visit(page_of(connection.company), sam)

    Clicks(page).button("Check with Codat")

    page.locator(".messagelist").wait_for()
    assert "Codat said 429." in told(page) and "Next try " in told(page)


def test_the_story_is_one_timeline_with_filters(ana, sam, visit):
    made = company_in("linked", ana)
    for source, kind in ((Source.WEBHOOK, "expired"), (Source.SWEEP, "connected"), (Source.CUSTOMER, "left")):
        timeline.write(kind, company=made, by=Actor(source), correlation_id=f"corr-{kind}")
    page = visit(page_of(made), sam)

    story = page.locator("#timeline").inner_text()
    page.get_by_role("navigation", name="Show in the timeline").get_by_role("link", name="Codat").click()

    for line in ("Codat: access ended", "Sweep: connected", "Customer: left for Link", "corr-expired"):
        assert line in story
    page.wait_for_url("**?show=codat*")
    assert "Customer: left for Link" not in page.locator("#timeline").inner_text()


def test_unlinking_takes_three_clicks_and_a_reason(codat: Sandbox, sam, visit):
    connection = factories.linked_connection(codat)
    page = visit(page_of(connection.company), sam)
    clicks = Clicks(page)

    clicks.more()
    clicks.link("Unlink")
    page.get_by_label("Reason or ticket").fill("Ticket 4411")
    clicks.button("Yes: unlink")

    page.wait_for_url(f"**{page_of(connection.company)}")
    assert "is unlinked. The customer gets a receipt." in told(page)
    assert "“Ticket 4411”" in page.locator("#timeline").inner_text()
    assert codat.connection(str(connection.codat_id))["status"] == "Unlinked"
    assert clicks.count == 3


def test_why_unlinking_is_not_possible_is_said(ana, sam, visit):
    page = visit(page_of(company_in("expired", ana)), sam)

    page.get_by_text("Not possible now: ").click()

    assert page.get_by_text("Only a Linked connection can be unlinked; this one is Deauthorized.").is_visible()


def test_deleting_takes_a_second_person_who_sees_what_goes(codat: Sandbox, lead, visit):
    connection = factories.linked_connection(codat)
    company = connection.company
    page = visit(page_of(company), lead("Lou"))
    clicks = Clicks(page)
    clicks.more()
    clicks.link("Delete company at Codat")
    assert page.get_by_text("All data of them that Codat has read. This cannot be undone.").is_visible()
    page.get_by_label(f"Type {company.ref} to go on").fill(company.ref)
    page.get_by_label("Reason or ticket").fill("Letter 12")
    clicks.button("Yes: delete company at Codat")
    page.wait_for_url(f"**{page_of(company)}")
    assert clicks.count == 3
    assert len(codat.companies()) == 1

    second = visit(page_of(company), lead("Max"))
    clicks = Clicks(second)
    clicks.link("Confirm the deletion")
    second.get_by_label(f"Type {company.ref} to go on").fill(company.ref)
    clicks.button("Yes: confirm the deletion")

    second.wait_for_url(f"**{page_of(company)}")
    assert "Deleted at Codat." in told(second)
    assert [each for each in codat.companies() if not each.get("deleted")] == []
    assert clicks.count == 2


def test_the_wrong_company_shows_both_names_and_two_buttons(ana, sam, visit):
    made = company_in("linked", ana, name="Toft Stores")
    connection = made.connections.get()
    reads.note_organisation(connection, "Harrow Farms")
    page = visit(page_of(made), sam)
    sides = page.locator(".side-by-side").inner_text()

    clicks = Clicks(page)
    assert page.locator(".next-buttons").first.get_by_role("link", name="Unlink").is_visible()
    clicks.button("Right organisation: keep it")

    page.locator(".messagelist").wait_for()
    assert "Toft Stores" in sides and "Harrow Farms" in sides
    assert told(page) == "Noted: Harrow Farms is the right organisation."
    assert clicks.count == 1


@pytest.mark.parametrize(
    "name", ["مخبز شارع مارلو", "Marlow 🍞🥐 Bakery", "Société " + "très " * 40 + "longue", "W" * 250], ids=range(4)
)
def test_a_name_of_any_kind_stays_inside_the_page(name, ana, sam, visit, faults, live_server):
    made = company_in("failed", ana, name=name)
    page = visit(page_of(made), sam, size=(390, 844))

    for path in (page_of(made), LIST, "/admin/", f"{LIST}{made.pk}/edit/"):
        page.goto(live_server.url + path)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_pressing_twice_does_it_once(codat: Sandbox, sam, visit):
    connection = factories.linked_connection(codat)
    page = visit(f"{LIST}{connection.company_id}/do/unlink/", sam)
    page.get_by_label("Reason or ticket").fill("Asked by phone")

    page.get_by_role("button", name="Yes: unlink").dblclick(no_wait_after=True)

    page.wait_for_url(f"**{page_of(connection.company)}")
    connection.refresh_from_db()
    assert connection.status == Status.UNLINKED
    assert len(codat.requests(method="PATCH")) == 1
    assert connection.company.events.filter(kind="unlinked").count() == 1
