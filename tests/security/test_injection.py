"""Hostile names through every page, every mail, every export and the whole admin: they stay text."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.core import mail as outgoing
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.forms import clean_row
from onboarding.models import Company, Connection, Event, Note, SoftwareRequest, User
from onboarding.usecases import bulk, invitations, mails, platforms, standing, support
from onboarding.usecases.bulk.cells import escaped
from onboarding.usecases.mails import outbox
from tests.bulk.files import csv_of
from tests.factories import COMMAND
from tests.security import table_staff
from tests.security.test_access_customers import CELLS, address
from tests.security.test_access_staff import path_of
from tests.security.walk import body, statements
from tests.security.world import World, rows_for_staff

MARK = "zqx"  # stands in every hostile text, and nowhere else
HOSTILE = [
    f"<script>{MARK}(1)</script>",
    f'"><img src={MARK} onerror={MARK}(1)>',
    f"'><svg/onload={MARK}(1)>",
    f"</title></textarea></style><{MARK}>",
    f"{{{{ {MARK}|safe }}}}{{% debug %}}{{% include '{MARK}' %}}",
    f"${{{MARK}}}#{{{MARK}}}<%= {MARK} %>%(name)s{{0}}{{name}}",
    f"javascript:{MARK}(1)",
    f'=HYPERLINK("http://{MARK}")',
    f"+{MARK}|' /C calc'!A0",
    f"-{MARK}@SUM(1)",
    f"@{MARK}",
    f"＝{MARK}",
    f"'; DROP TABLE onboarding_company; --{MARK}",
    f"{MARK}%' OR '1'='1",
    f"{MARK}\u202egnp.exe\u200b\ufeff",
    f"{MARK}&lt;script&gt;&#x3c;b&#x3e;",
    f"{MARK}`${{7*7}}`<!--",
    f"Bcc: x@{MARK}.example",
]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
HARMLESS = ("/", "?", "mailto:", "tel:")  # a page of ours, with the text quoted; a mail; a call
LOADS = {"src", "href", "action", "formaction", "srcset", "style", "hx-get", "hx-post", "data"}


class Reader(HTMLParser):
    """Reads a page as a browser does: what the marks became besides text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag:
            self.found.append(f"a tag <{tag}>")
        for name, value in attrs:
            if MARK in name or name.startswith("on"):
                self.found.append(f"an attribute {name} of <{tag}>")
            if name in LOADS and MARK in (value or "") and not (value or "").startswith(HARMLESS):
                self.found.append(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.found.append(f"a comment {data}")


def became(page: str) -> list[str]:
    """What a page made of the hostile texts, other than text; and scripts of ours that hold one."""
    reader = Reader()
    reader.feed(page)
    inside = [part.partition("</script")[0] for part in page.split("<script")[1:]]
    return reader.found + [f"script {text[:60]}" for text in inside if MARK in text]


def test_this_test_can_tell():
    assert [text for text in HOSTILE[:4] if not became(f"<p>{text}</p>")] == []
    assert became(f"<p title='{HOSTILE[1].replace('<', '&lt;').replace(chr(34), '&quot;')}'>x</p>") == []


@pytest.fixture
def hostile(the_world: World, request: pytest.FixtureRequest) -> World:
    """Every text that somebody else writes: names of companies, people, organisations; notes; Codat's own words."""
    text, bakery = str(request.param), the_world.values["bakery"]
    Company.objects.update(name=text[:255], codat_name=text, contact=text[:120], phone=text[:40], organisation=text)
    User.objects.update(name=text[:120])
    organisations = {"organisation": text, "organisation_was": f"{text}2", "platform_name": text, "failure": text}
    Connection.objects.update(**organisations, unknown_status=text[:40], look_error=text)
    reads = {"bills": {"status": text, "at": "2026-11-20T10:00:00Z", "message": text}}
    Connection.objects.update(reads=reads, platform_key="zzzz")
    by = Actor.staff(the_world.person("Support"), text)
    Note.objects.create(company=bakery, by=the_world.person("Support"), text=text)
    SoftwareRequest.objects.create(company=bakery, user=the_world.person("owner"), software=text[:120])
    support.add_note(bakery, text, by=by)
    Event.objects.update(before=text[:255], after=text[:255], reason=text, facts={"name": text}, is_problem=True)
    until = timezone.now() + timedelta(days=1)
    platforms.pause("gbol", reason_en=text, reason_fr=text, until=until, by=by)
    standing.refresh(list(Company.objects.values_list("pk", flat=True)))
    bakery.refresh_from_db()
    return the_world


def of(*numbers: int) -> pytest.MarkDecorator:
    """These of the hostile texts; a world each."""
    return pytest.mark.parametrize("hostile", [HOSTILE[number] for number in numbers], indirect=True, ids=numbers)


@of(0, 1, 2, 3, 4, 5, 6, 16)
def test_pages_show_it_as_text(hostile: World):
    wrong = {}
    for route, method in CELLS:
        for who in ("owner", "anonymous") if method == "GET" else ():
            answer = hostile.browser(who).get(address(route, hostile), follow=True)
            if found := became(body(answer)):
                wrong[route] = found
            assert answer.status_code < 500 or route == "readyz", route

    assert wrong == {}
    assert MARK in hostile.browser("owner").get(f"/c/{hostile.values['ref']}/").content.decode()


@of(13)
def test_no_statement_is_made_of_it(hostile: World):
    """What people write travels as a parameter: it stands in the text of no statement."""
    rows, operations, ids = rows_for_staff(hostile), hostile.browser("Operations"), hostile.values["bakery"].pk
    by = Actor.customer(hostile.person("owner"))
    with statements() as told:
        for page in ("", "connection/", "connect/", "activity/", "share/", "other/"):
            hostile.browser("owner").get(f"/c/{hostile.values['ref']}/{page}")
        for page in ("company/", f"company/{rows['onboarding/company']}/change/", f"company/?q={MARK}%27", "event/"):
            operations.get(f"/admin/onboarding/{page}")
        body(operations.post(f"/admin/onboarding/company/bulk/export/?ids={ids}", {"reason": HOSTILE[12]}))
        hostile.browser("owner").post(f"/c/{hostile.values['ref']}/other/", {"software": HOSTILE[12]})
        invitations.share(hostile.values["bakery"], email="x@y.example", note=HOSTILE[12], by=by)
        rows_in = csv_of([("c1", HOSTILE[12], "x@y.example", "bill_pay_async")])
        batch = bulk.accept_file(io.BytesIO(rows_in), clean=clean_row, name=HOSTILE[12], by=COMMAND, options={})
        list(bulk.result(batch))
        mails.send_due()
        standing.refresh([ids])

    assert len(told) > 50
    assert [sql for sql in told if MARK in sql] == []


@pytest.mark.parametrize("hostile", [*HOSTILE[:2], HOSTILE[4]], indirect=True, ids=["script", "attribute", "template"])
def test_every_state_of_a_connection_shows_it_as_text(hostile: World):
    bakery, ana = hostile.values["bakery"], hostile.browser("owner")
    for status in ("PendingAuth", "Linked", "Deauthorized", "Unlinked"):
        Connection.objects.update(
            status=status, is_unfinished=False, failed_at="2026-11-20T10:00:00Z", returned_code=500
        )
        standing.refresh([bakery.pk])
        for page in ("", "connection/", "connection/problem/", "connection/stopped/", "connection/disconnect/"):
            assert became(body(ana.get(f"/c/{bakery.ref}/{page}", follow=True))) == []


@of(0, 1, 2, 3, 4, 15)
def test_admin_shows_it_as_text(hostile: World):
    rows, root = rows_for_staff(hostile), hostile.browser("superuser")
    company = rows["onboarding/company"]
    paths = [path_of(route, rows) for route in table_staff.PAGES]
    paths += [f"/admin/{model}/{page}" for model in table_staff.MODELS for page in ("", f"{rows[model]}/change/")]
    paths += [f"/admin/onboarding/company/{company}/do/{name}/" for name in ("unlink", "remove_person", "ask_deletion")]
    root.post(f"/admin/onboarding/company/{company}/as-customer/")
    paths += [f"/admin/onboarding/company/{company}/as-customer/{page}/" for page in ("home", "connection", "choose")]

    wrong = {path: found for path in paths if (found := became(body(root.get(path))))}

    assert wrong == {}
    assert MARK in root.get(f"/admin/onboarding/company/{company}/change/").content.decode()


@of(0, 1, 4, 5, 17)
def test_mails_carry_it_as_text_and_in_no_header_of_its_own(hostile: World):
    bakery, connection = hostile.values["bakery"], hostile.values["connection"]
    by = Actor.customer(hostile.person("owner"))
    invitations.share(bakery, email="x@y.example", note=hostile.person("owner").name, by=by)
    for kind in ("connected", "expired", "quiet", "disconnected", "unfinished", "pc_link"):
        facts = {
            "name": bakery.name[:60],
            "asked": True,
            "platform": bakery.name,
            "days": 5,
            "path": "/",
            "by": bakery.name,
        }
        outbox.enqueue(kind, to=bakery.email, company=bakery, connection=connection, by=by, facts=facts)

    mails.send_due(limit=100)

    assert len(outgoing.outbox) >= 5
    for letter in outgoing.outbox:
        sent = letter.message()
        assert sent.get_all("Bcc") is None and sent.get_all("Cc") is None
        assert "\n" not in letter.subject and "\r" not in letter.subject
        html = next((content for content, kind in letter.alternatives if kind == "text/html"), "")
        assert became(html.replace('style="', 'x="')) == []


@of(7, 8, 9, 10, 11, 12)
def test_exports_hold_no_formula(hostile: World):
    ids = ",".join(str(pk) for pk in Company.objects.values_list("pk", flat=True))
    told = hostile.browser("Operations").post(f"/admin/onboarding/company/bulk/export/?ids={ids}", {"reason": ""})

    rows = list(csv.reader(io.StringIO(body(told).lstrip("\ufeff"))))

    assert len(rows) == 1 + Company.objects.count()
    assert [cell for row in rows for cell in row if cell.startswith(FORMULA)] == []
    assert any(MARK in cell for row in rows for cell in row)


def test_batch_result_holds_no_formula(the_world: World):
    rows = [f'c{n},"{text.replace(chr(34), chr(34) * 2)}",x{n}@y.example,nonsense' for n, text in enumerate(HOSTILE)]
    content = "\n".join(["customer_id,name,email,product", *rows]).encode()
    batch = bulk.accept_file(io.BytesIO(content), clean=clean_row, name="=evil.csv", by=COMMAND, options={})

    told = the_world.browser("Operations").get(f"/admin/onboarding/batch/{batch.pk}/result.csv")

    found = list(csv.reader(io.StringIO(body(told).lstrip("\ufeff"))))
    assert len(found) == 1 + len(HOSTILE)
    assert [cell for row in found for cell in row if cell.startswith(FORMULA)] == []
    assert "=evil" not in told["Content-Disposition"]


@pytest.mark.parametrize("text", ["=1+1", " =1", "\t=1", "+1", "-1", "@x", "＝1", "\r=1", "\n=1", "'=1", "''=1"])
def test_cell_that_begins_a_formula_is_escaped(text: str):
    assert escaped(text).startswith("'")


def test_search_finds_it_as_text(the_world: World):
    """Percent signs, quotes and underscores are looked for, not obeyed."""
    for text in HOSTILE:
        Company.objects.filter(pk=the_world.values["bakery"].pk).update(name=text[:255])
        standing.refresh([the_world.values["bakery"].pk])

        answer = the_world.browser("Support").get("/admin/onboarding/company/", {"q": text})

        assert answer.status_code in (200, 302)
        assert Company.objects.count() == 3
        assert became(answer.content.decode()) == []


def test_search_of_everything_finds_nothing_by_a_wildcard(the_world: World):
    for wildcard in ("%", "_", "%%", "' OR 1=1 --"):
        page = the_world.browser("Support").get("/admin/onboarding/company/", {"q": wildcard})
        assert page.status_code == 200


def test_query_text_comes_back_as_text(the_world: World):
    """What stands in an address is shown nowhere as anything else."""
    for text in HOSTILE[:6]:
        for path in ("/sign-in/", "/companies/", "/admin/login/", "/no/such/", "/admin/onboarding/company/"):
            who = "superuser" if "company" in path else "anonymous"
            answer = the_world.browser(who).get(path, {"next": f"/{text}", "q": text, "out": text})
            assert became(answer.content.decode()) == []
    assert became(Client().get(f"/{HOSTILE[0]}").content.decode()) == []
