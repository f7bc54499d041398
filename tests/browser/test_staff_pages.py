"""Support's work in a real browser: the stated clicks, the keyboard, axe in both themes, desk and phone."""

import itertools
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.utils import timezone

from onboarding import roles
from onboarding.actors import Actor
from onboarding.forms import clean_row
from onboarding.lifecycle import Source
from onboarding.models import Batch, BatchKind, Company, Delivery, Mail, User
from onboarding.usecases import bulk, deletion, standing, timeline
from onboarding.usecases.watch import alarms
from tests.browser.conftest import DESKTOP, NARROW, PHONE
from tests.browser.test_accessible import wide
from tests.bulk.files import csv_of, good_rows
from tests.factories import COMMAND
from tests.views.scenes import BY_NAME, company_in

pytestmark = pytest.mark.browser

LIST = "/admin/onboarding/company/"
LISTS = ("company", "delivery", "event", "mail", "connection", "batch", "sweep", "alarm", "deletionrequest")
WAYS = list(itertools.product(("light", "dark"), (DESKTOP, PHONE)))
NAMES = [f"{scheme}-{size[0]}" for scheme, size in WAYS]
ACTS = ("send_link", "choose_software", "start_afresh", "add_person", "end_sessions", "ask_deletion")


def staff(*names: str) -> User:
    roles.grant(apps)
    user = User.objects.create_user("sam@alderway.example", "a-long-password-1", name="Sam Reyes", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=names or ["Support"]))
    return user


@pytest.fixture
def sam(transactional_db: None) -> User:
    return staff("Support", "Support lead", "Operations", "Auditor")


@pytest.fixture
def busy(ana: User, sam: User) -> dict[str, Company]:
    """A company in every state, and something in every list."""
    made = {state: company_in(state, ana) for state in BY_NAME}
    for company in made.values():
        company.refresh_from_db()
        timeline.write("failed", company=company, by=Actor(Source.WEBHOOK), problem=True, correlation_id="corr-1")
    Company.objects.filter(pk=made["expired"].pk).update(turn=0, needs="expired", needs_since=timezone.now())
    deletion.ask(made["linked"], by=COMMAND)
    alarms.sound("webhooks.silent", changes=2)
    Delivery.objects.create(webhook_id="msg_1", event_type="x", not_before=timezone.now(), parked_at=timezone.now())
    Mail.objects.create(kind="expired", to="a@x.example", language="en", not_before=timezone.now())
    bulk.accept_companies(BatchKind.CHECK, Company.objects.all(), by=Actor.staff(sam), name="Check with Codat")
    return made


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("scheme", "size"), WAYS, ids=NAMES)
def test_the_page_of_a_company_in_every_state(scheme, size, busy, sam, visit, faults, live_server):
    page = visit("/admin/", sam, size=size, color_scheme=scheme)

    for company in busy.values():
        page.goto(f"{live_server.url}{LIST}{company.pk}/change/")
        assert (faults(page), wide(page)) == ([], 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("scheme", "size"), WAYS, ids=NAMES)
def test_every_other_staff_page(scheme, size, busy, sam, visit, faults, live_server):
    batch = Batch.objects.get().pk
    addresses = ["/admin/", *(f"/admin/onboarding/{name}/" for name in LISTS)]
    addresses += [f"{LIST}{busy['stopped'].pk}/{page}/" for page in ("edit", *(f"do/{act}" for act in ACTS))]
    addresses += [f"{LIST}add/", f"{LIST}bulk/check/?needs=yes", f"/admin/onboarding/batch/{batch}/change/"]
    addresses += ["/admin/onboarding/batch/import/", "/admin/onboarding/platformpause/pause/"]
    page = visit("/admin/", sam, size=size, color_scheme=scheme)

    for address in addresses:
        page.goto(live_server.url + address)
        assert (faults(page), wide(page)) == ([], 0)


def test_no_staff_page_scrolls_sideways_on_a_narrow_phone(busy, sam, visit, live_server):
    page = visit("/admin/", sam, size=NARROW)

    for address in ("/admin/", LIST, f"{LIST}{busy['expired'].pk}/change/"):
        page.goto(live_server.url + address)
        assert wide(page) == 0


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desk", "phone"))
def test_nothing_lies_over_the_title_of_a_list_or_the_words_of_close(size, busy, sam, visit, live_server):
    page = visit("/admin/", sam, size=size)
    edges = "['h1', '#changelist'].map(name => document.querySelector(name).getBoundingClientRect())"

    for name in LISTS:
        page.goto(f"{live_server.url}/admin/onboarding/{name}/")
        title, rows = page.evaluate(edges)
        assert (name, title["bottom"] <= rows["top"]) == (name, True)
    page.goto(f"{live_server.url}/admin/onboarding/delivery/{Delivery.objects.get().pk}/change/")
    assert page.locator(".closelink").evaluate("e => e.scrollHeight <= e.clientHeight")


def test_the_row_of_actions_has_room_on_a_phone(busy, sam, visit):
    page = visit(LIST, sam, size=PHONE)

    wide = {
        what: page.locator(f"#changelist .actions {what}").bounding_box()["width"] for what in ("select", ".across")
    }

    assert wide["select"] > 150 and wide[".across"] > 300


def test_no_word_of_a_staff_table_is_broken_on_a_phone(busy, sam, visit, live_server):
    page = visit("/admin/onboarding/batch/import/", sam, size=PHONE)
    file = b"customer_id,name,email,product\nc1,Toft,jo@toft.example,bill_pay_async\nc2,,bad,nothing\n"
    page.locator("input[type=file]").set_input_files({"name": "c.csv", "mimeType": "text/csv", "buffer": file})
    page.get_by_role("button", name="Check the file").click()
    lines = "e => [...e.querySelectorAll('th')].map(cell => { const range = document.createRange();" + (
        " range.selectNodeContents(cell); return range.getClientRects().length })"
    )

    assert page.locator(".panel table").evaluate(lines) == [1, 1, 1]
    page.goto(f"{live_server.url}/admin/onboarding/alarm/")
    assert page.locator(".field-fix").first.bounding_box()["width"] > 200


def test_a_fresh_link_takes_two_clicks_from_the_company_and_shows_the_mail_first(busy, sam, visit):
    company = busy["expired"]
    page = visit(LIST, sam)
    assert page.evaluate("document.activeElement.id") == "searchbar"
    page.keyboard.type(company.ref)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{company.pk}/change/")

    page.get_by_role("link", name="Send reconnect email").click()
    assert page.get_by_text("Action needed: reconnect").is_visible()
    page.get_by_role("button", name="Send reconnect email").click()

    page.wait_for_url(f"**/{company.pk}/change/")
    assert page.get_by_text("Sent to ana@marlow.example").is_visible()
    assert Mail.objects.filter(company=company, kind="expired").exists()


def test_the_morning_list_is_worked_with_the_keyboard_alone(busy, sam, visit):
    page = visit("/admin/", sam)
    link = page.get_by_role("link", name=busy["expired"].name, exact=True).first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")

    assert page.get_by_role("heading", level=2).first.inner_text().startswith("Next: ")


def test_one_click_copies_what_an_escalation_needs(busy, sam, visit, live_server):
    company = busy["expired"]
    page = visit(f"{LIST}{company.pk}/change/", sam)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)

    page.get_by_role("button", name="Copy details").click()
    page.get_by_text("Copied: company, connection, correlation IDs.").wait_for()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert company.ref in copied and "corr-1" in copied


def test_the_side_bar_begins_closed_and_stays_as_it_was_left(sam, visit):
    page = visit("/admin/", sam)
    bar = page.locator("#nav-sidebar")
    assert not bar.is_visible()

    page.locator("#toggle-nav-sidebar").click()
    page.reload()

    assert bar.is_visible()


def test_the_progress_of_a_batch_comes_by_itself(busy, sam, visit):
    batch = Batch.objects.get()
    page = visit(f"/admin/onboarding/batch/{batch.pk}/change/", sam)
    assert page.locator(".batch-line").inner_text().startswith("0 / ")

    batch.rows.update(status="done", done_at=timezone.now())

    page.locator(".batch-line", has_text=f"{batch.rows.count()} / ").wait_for()


def test_the_page_of_a_file_that_is_read_becomes_its_dry_run_by_itself(sam, visit, faults):
    upload = bulk.keep([csv_of([*good_rows(3), ("", "", "", "")])], name="new.csv", by=Actor.staff(sam))
    page = visit(f"/admin/onboarding/batch/import/{upload.uid}/", sam)
    assert page.get_by_text("Reading begins within seconds.").is_visible()
    assert (faults(page), wide(page)) == ([], 0)

    bulk.read_uploads(60, clean=clean_row)

    page.get_by_role("button", name="Start with 3 rows").wait_for()
    assert (faults(page), wide(page)) == ([], 0)


def test_staff_pages_work_without_a_script(busy, sam, visit):
    company = busy["stopped"]
    Company.objects.filter(pk=company.pk).update(state_since=timezone.now() - timedelta(days=2))
    standing.refresh([company.pk])
    page = visit(f"{LIST}?q=marlow", sam, java_script_enabled=False)

    page.goto(page.url.partition("/admin/")[0] + f"{LIST}{company.pk}/change/")
    page.get_by_label("Add a note").fill("Best reached after 3pm.")
    page.get_by_role("button", name="Save note").click()

    assert page.get_by_text("Best reached after 3pm.").is_visible()
