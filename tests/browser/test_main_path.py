"""From sign-in to Linked to disconnected, as a person does it; with a keyboard alone; without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from onboarding import tasks
from onboarding.models import Connection, Mail
from onboarding.usecases import invitations, links
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE
from tests.views.scenes import company_in

pytestmark = pytest.mark.browser

PRODUCTS = ("bill_pay_async", "bill_pay_sync", "expenses")


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_role("button", name="Email me a code").click()
    code = Mail.objects.filter(kind="code", to=email).latest("pk").facts["code"]
    page.get_by_label("6-digit code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def authorise(page: Page) -> None:
    """What a person does on Codat's page."""
    page.locator('button[value="authorise"]').click()


@pytest.mark.parametrize("product", PRODUCTS)
def test_from_sign_in_to_linked_to_disconnected(product, ana, codat, visit):
    factories.enable_platforms()
    factories.company(ana, product=product)
    page = visit("/", size=PHONE)
    sign_in(page, ana.email)

    page.get_by_role("link", name="Choose your software").click()
    page.get_by_role("link", name="Xero").click()
    page.get_by_role("button", name="Agree and continue to Xero").click()
    authorise(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is connected")

    tasks.follow_connections()
    page.get_by_role("link", name="Disconnect Xero").first.click()
    page.get_by_role("button", name="Yes, disconnect Xero").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is disconnected")
    assert [c["status"] for c in codat.companies()[0]["connections"] if c["platformKey"] == "gbol"] == ["Unlinked"]


def test_a_french_run(ana, codat, visit):
    company = company_in("none", ana, language="fr")
    page = visit(f"/c/{company.ref}/", ana, size=PHONE)

    page.get_by_role("link", name="Choisir votre logiciel").click()
    page.get_by_role("link", name="Xero").click()
    page.get_by_role("button", name="Accepter et continuer vers Xero").click()
    authorise(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Xero est connecté")
    assert page.locator("html").get_attribute("lang") == "fr"


def test_without_scripts(ana, codat, visit):
    company = company_in("none", ana)
    page = visit(f"/c/{company.ref}/", ana, java_script_enabled=False)

    page.get_by_role("link", name="Choose your software").click()
    page.get_by_role("link", name="Xero").click()
    page.get_by_text("Why we need each one").click()
    assert page.get_by_text("So that nothing is paid twice").is_visible()
    page.get_by_role("button", name="Agree and continue to Xero").click()
    authorise(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is connected")
    expect(page.locator("noscript p")).to_have_text("This page does not update by itself. Press Check again.")
    assert not page.get_by_text("This page updates by itself.").is_visible()
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xero est connecté")
    page.get_by_role("button", name="Fermer la session").first.click()
    expect(page).to_have_url(re.compile("/sign-in/"))


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on these words; it must be visible there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement === document.body ? '' : document.activeElement.innerText")
        if words in focused:
            ring = page.evaluate(
                "(() => { const it = document.activeElement;"
                " return [getComputedStyle(it), getComputedStyle(it, '::after')]"
                ".some(s => s.outlineStyle === 'solid' && s.outlineWidth === '3px') })()"
            )
            assert ring
            return
    pytest.fail(f"no focus on {words!r}")


def press(page: Page, words: str) -> None:
    """Tab to these words, press Enter, and arrive at another page."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_with_a_keyboard_alone(ana, codat, visit):
    company = company_in("none", ana)
    page = visit(f"/c/{company.ref}/", ana)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for words in ("Choose your software", "Xero"):
        press(page, words)
    tab_to(page, "Why we need each one")
    page.keyboard.press("Space")
    assert page.get_by_text("So that nothing is paid twice").is_visible()
    press(page, "Agree and continue to Xero")
    page.locator('button[value="authorise"]').focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is connected")

    for words in ("Disconnect Xero", "Yes, disconnect Xero"):
        press(page, words)
    expect(page.get_by_role("heading", level=1)).to_have_text("Xero is disconnected")


AT_FOCUS = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  if (it === document.body) return null;
  const styles = [getComputedStyle(it), getComputedStyle(it, '::after')];
  const ring = styles.some(style => style.outlineStyle === 'solid' && style.outlineWidth === '3px');
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
  return {name: it.innerText || it.name, seen: ring && top !== null && (it.contains(top) || top.contains(it))};
}"""


def stops_of(page: Page) -> list[dict[str, object]]:
    """Every stop of the Tab key, until it leaves the page."""
    found: list[dict[str, object]] = []
    while len(found) < 60:
        page.keyboard.press("Tab")
        stop = page.evaluate(AT_FOCUS)
        if stop is None or stop in found[:1]:
            return found
        found.append(stop)
    pytest.fail("Tab does not leave the page.")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_every_stop_of_the_tab_key_is_seen_and_none_holds_it(size, ana, visit, live_server):
    fresh, linked = (company_in(state, ana) for state in ("none", "quiet"))
    invitation = invitations.invite(fresh, email="new@marlow.example", by=factories.COMMAND, send=False)
    stranger, member = visit("/sign-in/", size=size), visit("/companies/", ana, size=size)
    pages = [(stranger, path, "Privacy") for path in ("/sign-in/", links.invitation_path(invitation))]
    pages += [(member, f"/c/{fresh.ref}/{where}", "Sign out") for where in ("", "connect/", "connect/xero/", "share/")]
    pages += [(member, f"/c/{linked.ref}/{where}", "Sign out") for where in ("connection/", "connection/disconnect/")]

    for page, path, last in pages:
        page.goto(live_server.url + path)
        stops = stops_of(page)
        assert [stop for stop in stops if not stop["seen"]] == []
        assert last in [stop["name"] for stop in stops]


def test_a_double_click_on_agree_makes_one_connection(ana, codat, visit):
    company = company_in("none", ana)
    page = visit(f"/c/{company.ref}/connect/xero/", ana)

    page.get_by_role("button", name="Agree and continue to Xero").dblclick()
    page.wait_for_url(re.compile("/start|/link|/companies/"))

    assert Connection.objects.count() == 1
    assert [len(company["connections"]) for company in codat.companies()] == [1]


def test_the_button_says_what_it_does_and_is_itself_again_on_the_way_back(ana, visit):
    page = visit(f"/c/{company_in('none', ana).ref}/connect/xero/", ana)
    button = page.locator("button[data-busy]")

    page.evaluate("document.addEventListener('submit', event => event.preventDefault())")  # stay, to look
    button.click()
    expect(button).to_have_text("Opening Xero…")
    assert button.get_attribute("aria-disabled") == "true"

    page.evaluate("window.dispatchEvent(new Event('pageshow'))")
    expect(button).to_have_text("Agree and continue to Xero")
