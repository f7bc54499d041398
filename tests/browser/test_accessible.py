"""axe-core finds nothing: every page and state, both languages, both themes, desk and phone. None scrolls sideways."""

import itertools
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import RequestFactory
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.models import Invitation, Quota
from onboarding.usecases import invitations, links, platforms
from onboarding.views import errors
from tests.browser.conftest import DESKTOP, NARROW, PHONE
from tests.factories import COMMAND
from tests.views.scenes import BY_NAME, company_in

pytestmark = pytest.mark.browser

OPEN = ("/data/", "/privacy/", "/terms/", "/accessibility/", "/sign-in/", "/sign-in/?code=many", "/nowhere/")
OF_A_COMPANY = ("", "activity/", "connect/", "connect/xero/", "connect/quickbooks-desktop/", "share/", "other/")
WAYS = list(itertools.product(("en", "fr"), ("light", "dark"), (DESKTOP, PHONE)))
NAMES = [f"{language}-{scheme}-{size[0]}" for language, scheme, size in WAYS]


def wide(page) -> int:
    """How far the page scrolls sideways, in pixels."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("language", "scheme", "size"), WAYS, ids=NAMES)
def test_every_state_of_the_connection(language, scheme, size, ana, visit, faults, live_server):
    refs = {state: company_in(state, ana, language=language).ref for state in BY_NAME}
    page = visit("/data/", ana, size=size, color_scheme=scheme)

    for ref in refs.values():
        page.goto(f"{live_server.url}/c/{ref}/connection/")
        assert (faults(page), wide(page)) == ([], 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("language", "scheme", "size"), WAYS, ids=NAMES)
def test_every_other_page(language, scheme, size, ana, visit, faults, live_server):
    fresh, linked, ended = (company_in(state, ana, language=language).ref for state in ("none", "linked", "expired"))
    addresses = [*OPEN, "/companies/", *(f"/c/{fresh}/{where}" for where in OF_A_COMPANY), "/c/ZZZ-0000/"]
    addresses += [f"/c/{linked}/", f"/c/{linked}/connection/disconnect/", f"/c/{ended}/connection/disconnect/"]
    addresses += [f"/c/{linked}/connection/shared/", f"/c/{linked}/connect/"]
    addresses += [f"/c/{company_in(state, ana, language=language).ref}/" for state in ("permission", "quiet")]
    page = visit("/data/", ana, size=size, color_scheme=scheme, locale=language)

    for address in addresses:
        page.goto(live_server.url + address)
        assert (faults(page), wide(page)) == ([], 0)


@pytest.mark.parametrize(("language", "scheme", "size"), WAYS, ids=NAMES)
def test_every_notice_and_every_error_on_a_form(language, scheme, size, ana, visit, faults, live_server):
    company = company_in("none", ana, language=language)
    linked = company_in("linked", ana, language=language)
    invitations.share(company, "carla@books.example", "", by=Actor.customer(ana))
    page = visit("/data/", ana, size=size, color_scheme=scheme, locale=language)

    def look(path: str) -> None:
        page.goto(f"{live_server.url}{path}")
        assert (faults(page), wide(page)) == ([], 0)

    for where in ("share/", "other/"):
        look(f"/c/{company.ref}/{where}")
        page.locator("main button.primary").click()
        page.wait_for_load_state()
        assert page.locator("[role=alert]").evaluate("e => e === document.activeElement")
        assert (faults(page), wide(page)) == ([], 0)
    later = timezone.now() + timedelta(hours=3)
    platforms.pause("gbol", reason_en="Xero is mending it.", reason_fr="Xero s’en occupe.", until=later, by=COMMAND)
    look(f"/c/{company.ref}/connect/xero/")
    Quota.objects.update_or_create(pk=1, defaults={"failures": 5})  # Codat is silent
    look(f"/c/{linked.ref}/connection/")
    Quota.objects.update_or_create(pk=1, defaults={"failures": 0, "blocked_until": later})  # or asks us to wait
    look(f"/c/{linked.ref}/")


@pytest.mark.parametrize(("language", "scheme", "size"), WAYS, ids=NAMES)
def test_every_page_of_somebody_who_is_not_in_yet(language, scheme, size, ana, visit, faults, live_server):
    company = company_in("none", ana, language=language)
    sent = invitations.invite(company, email="new@marlow.example", role="member", by=COMMAND, send=False)
    helper = invitations.share(company, "carla@books.example", "Can you do it?", by=Actor.customer(ana))
    ended, used = (
        invitations.invite(company, email=f"{name}@marlow.example", role="member", by=COMMAND, send=False)
        for name in ("ended", "used")
    )
    Invitation.objects.filter(pk=ended.pk).update(expires_at=timezone.now() - timedelta(days=1))
    Invitation.objects.filter(pk=used.pk).update(accepted_at=timezone.now())
    tokens = [links.invitation_path(each) for each in (sent, helper, ended, used)]
    tokens += ["/invite/broken/", "/sign-in/link/broken/"]
    tokens.append(urlsplit(links.reminders_url(company, ana.email)).path)
    page = visit("/data/", size=size, color_scheme=scheme, locale=language)

    for path in tokens:
        page.goto(live_server.url + path)
        assert (faults(page), wide(page)) == ([], 0)
    page.goto(live_server.url + "/sign-in/")
    for typed in ("no address", ana.email, "123456"):
        page.locator("main input:not([type=hidden])").fill(typed)
        page.locator("main button").first.click()
        page.wait_for_load_state()
        assert (faults(page), wide(page)) == ([], 0)


def _answering(body: str):
    return lambda route: route.fulfill(body=body, content_type="text/html")


@pytest.mark.parametrize(("scheme", "size"), list(itertools.product(("light", "dark"), (DESKTOP, PHONE, NARROW))))
def test_the_pages_that_need_no_database(scheme, size, visit, faults, live_server):
    page = visit("/data/", size=size, color_scheme=scheme)
    request = RequestFactory().get("/")
    for answer in (errors.unavailable(request, at="14:30"), errors.too_large(request)):
        page.route("**/away/", _answering(answer.content.decode()))

        page.goto(f"{live_server.url}/away/")

        assert (faults(page), wide(page)) == ([], 0)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_scrolls_sideways_at_320_pixels(language, ana, visit, live_server):
    refs = {state: company_in(state, ana, language=language).ref for state in BY_NAME}
    page = visit("/sign-in/", ana, size=NARROW)

    for state, ref in refs.items():
        page.goto(f"{live_server.url}/c/{ref}/connection/")
        assert (state, wide(page)) == (state, 0)
    for where in OF_A_COMPANY:
        page.goto(f"{live_server.url}/c/{refs['none']}/{where}")
        assert (where, wide(page)) == (where, 0)


def test_wider_text_spacing_hides_nothing(ana, visit, live_server):
    ref = company_in("none", ana).ref
    page = visit(f"/c/{ref}/connect/xero/", ana, size=NARROW, bypass_csp=True)

    page.add_style_tag(
        content="* {line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important}"
    )

    assert wide(page) == 0
    clipped = "[...document.querySelectorAll('.button, .badge, .card')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{clipped}.length") == 0


@pytest.mark.parametrize(("state", "where"), [("none", "connect/xero/"), ("linked", "connection/")])
def test_targets_are_large_enough_for_a_thumb(state, where, ana, visit):
    ref = company_in(state, ana).ref
    page = visit(f"/c/{ref}/{where}", ana, size=PHONE)

    heights = page.evaluate(
        "[...document.querySelectorAll('main a, main button, main summary, header a, header button')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)"
    )

    assert min(heights) >= 44


def test_nothing_moves_for_those_who_want_no_motion(ana, visit):
    page = visit(f"/c/{company_in('checking', ana).ref}/connection/", ana, reduced_motion="reduce")

    assert page.evaluate("getComputedStyle(document.querySelector('.knot')).animationName") == "none"


def test_on_paper_there_are_no_buttons_and_every_answer_is_open(ana, visit):
    page = visit(f"/c/{company_in('none', ana).ref}/connect/xero/", ana)
    page.emulate_media(media="print")

    assert [page.locator(what).first.is_visible() for what in (".nav", ".actions", ".footer-links")] == [False] * 3
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".help").is_visible()


@pytest.mark.parametrize("where", ["", "connection/"], ids=["home", "connection"])
def test_paper_is_white_and_free_of_buttons_in_the_dark_theme_too(where, ana, visit):
    page = visit(f"/c/{company_in('permission', ana).ref}/{where}", ana, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")

    assert page.locator(".button:visible").count() == 0
    ink = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    assert page.locator("body").evaluate(ink) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert page.locator(".badge.ok").first.evaluate(ink) == ["rgb(23, 96, 58)", "rgb(225, 242, 230)"]


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
def test_a_long_word_in_a_companys_name_stays_inside_the_page(size, ana, visit, live_server):
    ref = company_in("linked", ana, name="Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrik").ref
    page = visit(f"/c/{ref}/", ana, size=size)

    for where in ("", "connection/", "connection/disconnect/", "share/"):
        page.goto(f"{live_server.url}/c/{ref}/{where}")
        assert (where, wide(page)) == (where, 0)


def test_forced_colours_keep_the_edges_of_what_can_be_told_apart(ana, visit):
    page = visit(f"/c/{company_in('reading', ana).ref}/connection/", ana, forced_colors="active")

    for what in (".badge", ".bridge", ".tile", ".button", ".knot"):
        assert page.locator(what).first.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
