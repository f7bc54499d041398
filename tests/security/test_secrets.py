"""One customer's whole way, with every log line kept: no secret is in a line, row, page or mail that it is not for."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core import mail as outgoing
from django.test import Client

from onboarding.actors import Actor
from onboarding.lifecycle import Source
from onboarding.models import Company, Connection, Delivery, Mail, User
from onboarding.usecases import companies, follow, invitations, links, mails, webhooks
from portal import logs
from tests import factories
from tests.kit import Sandbox
from tests.processes import Portal
from tests.security.walk import body, dump
from tests.security.world import PASSWORD
from tests.signin.doors import CODE
from tests.webhooks import letters

STAFF_LINK = re.compile(r"/admin/password-reset/\S+")
LINK = re.compile(r"/sign-in/link/\S+")


def newest(pattern: re.Pattern[str]) -> re.Match[str]:
    """What the newest mail that has it says."""
    return next(found for letter in reversed(outgoing.outbox) if (found := pattern.search(letter.body)))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, at every level, in the shape in which it leaves the process."""
    out = io.StringIO()
    formatter = dict(logs.logging_settings("json")["formatters"]["structlog"])
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter.pop("()")(**formatter))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(before)


@dataclass
class Way:
    """What a way through the portal left behind."""

    secrets: dict[str, str] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)

    def see(self, answer) -> str:
        """Keep the page; returns where it leads."""
        self.pages.append(body(answer))
        assert answer.status_code < 400, (answer.status_code, self.pages[-1][:300])
        return answer.get("Location", "")


def walk(sandbox: Sandbox, settings) -> Way:
    """Invited, accepted, connected, read, told by webhook, signed in again by code and by link, disconnected."""
    way, by = Way(), Actor(Source.COMMAND)
    sandbox.webhooks(url="")
    factories.enable_platforms()
    company = companies.create(
        customer_id="c-1", name="Marlow", email="ana@marlow.example", product="bill_pay_async", by=by
    )
    invitation = invitations.invite(company, by=by)
    mails.send_due()
    client = Client()
    path = links.invitation_path(invitation)
    way.secrets["invitation"] = path.split("/")[2]
    way.see(client.get(path))
    way.see(client.post(path))
    way.secrets["session"] = client.cookies["sessionid"].value
    _connect(way, client, company, sandbox)
    _hear(way, company)
    _come_again(way, company)
    _work_as_staff(way, company)
    way.see(client.post(f"/c/{company.ref}/connection/disconnect/"))
    mails.send_due()
    way.secrets |= {"api key": settings.CODAT_API_KEY, "secret key": settings.SECRET_KEY}
    way.secrets |= {"webhook secret": settings.CODAT_WEBHOOK_SECRETS[0], "password": PASSWORD}
    return way


def _connect(way: Way, client: Client, company: Company, sandbox: Sandbox) -> None:
    way.see(client.get(f"/c/{company.ref}/connect/xero/"))
    link = client.post(f"/c/{company.ref}/connect/xero/go/")["Location"]
    way.secrets["link url"] = link
    way.secrets["one-time password"] = re.search(r"otp=([^&]+)", link)[1]
    back = urlsplit(sandbox.visit_link(link))
    way.see(client.get(f"{back.path}?{back.query}"))
    [connection] = Connection.objects.filter(company=company)
    for _ in range(4):
        follow.step(connection.pk)
    for page in ("", "connection/", "activity/", "share/"):
        way.see(client.get(f"/c/{company.ref}/{page}"))


def _hear(way: Way, company: Company) -> None:
    """A true event, with its Link URL and one-time password; one that is forged; both handled."""
    connection = Connection.objects.get(company=company)
    event = letters.told("connection.connected", connection)
    way.secrets["otp of an event"] = "742271"
    headers = letters.headers(event)
    way.secrets["signature"] = headers["webhook-signature"].partition(",")[2]
    for told in (headers, {**headers, "webhook-signature": "v1,Zm9yZ2Vk"}):
        Client().post(letters.ADDRESS, event, content_type="application/json", headers=told)
    assert Delivery.objects.count() == 1
    webhooks.drain()


def _come_again(way: Way, company: Company) -> None:
    for door in ("code", "link"):
        client = Client()
        client.post("/sign-in/", {"email": "ana@marlow.example", "next": f"/c/{company.ref}/"})
        mails.send_due()
        code, path = newest(CODE)[1], newest(LINK)[0]
        way.secrets[f"code of {door}"] = code
        way.secrets[f"token of {door}"] = path.split("/")[3]
        if door == "code":
            client.post("/sign-in/code/", {"code": f"{(int(code) + 1) % 1_000_000:06d}"})
            way.see(client.post("/sign-in/code/", {"code": code}))
        else:
            client.get(path)
            way.see(client.post(path))
        way.secrets[f"session of {door}"] = client.cookies["sessionid"].value


def _work_as_staff(way: Way, company: Company) -> None:
    User.objects.create_superuser("root@alderway.example", PASSWORD)
    client = Client()
    client.post("/admin/login/", {"login": "root@alderway.example", "password": f"{PASSWORD}-not"})
    way.see(client.post("/admin/login/", {"login": "root@alderway.example", "password": PASSWORD}))
    way.secrets["session of staff"] = client.cookies["sessionid"].value
    client.post("/admin/password-reset/", {"email": "root@alderway.example"})
    mails.send_due()
    reset = newest(STAFF_LINK)[0]
    way.secrets["token of a new password"] = reset.rstrip("/").rpartition("-")[2]
    Client().get(reset, follow=True)
    for page in ("company/", f"company/{company.pk}/change/", "event/", "mail/", "delivery/", "connection/"):
        way.see(client.get(f"/admin/onboarding/{page}"))
    delivery = Delivery.objects.get()
    way.see(client.get(f"/admin/onboarding/delivery/{delivery.pk}/change/"))
    for mail in Mail.objects.all():
        way.see(client.get(f"/admin/onboarding/mail/{mail.pk}/change/"))
    way.see(client.post(f"/admin/onboarding/company/{company.pk}/do/check/"))


@pytest.fixture
def way(db: None, sandbox: Sandbox, settings, lines: io.StringIO) -> Way:
    return walk(sandbox, settings)


def test_log_holds_no_secret(way: Way, lines: io.StringIO):
    log = lines.getvalue()

    assert {name for name, secret in way.secrets.items() if secret in log} == set()


def test_log_tells_who_came_in_who_did_not_and_what_was_forged(way: Way, lines: io.StringIO):
    told = [json.loads(line) for line in lines.getvalue().splitlines() if line.startswith("{")]
    events = {line["event"] for line in told}

    assert {"signed in", "sign-in failed", "webhook refused"} <= events
    signed_in = [line for line in told if line["event"] == "signed in"]
    assert {line["is_staff"] for line in signed_in} == {True, False}
    assert all(line["user"] and line["request_id"] and line["timestamp"] for line in signed_in)


def test_log_names_no_person(way: Way, lines: io.StringIO):
    """Rows are named by their keys; an address is whoever's it is."""
    named = [line for line in lines.getvalue().splitlines() if "ana@marlow.example" in line or "Marlow" in line]

    assert [line for line in named if '"logger": "django.db' not in line] == []


# What the database may hold: the signed invitation and session tokens' own rows are keys to nothing else.
AT_REST = {"session", "session of code", "session of link", "session of staff"}


def test_database_holds_no_secret_afterwards(way: Way):
    """Session keys stand in their own table, where they are looked up; nothing else of what opens a door is kept."""
    copy = dump()

    assert {name for name, secret in way.secrets.items() if secret in copy} <= AT_REST
    assert "otp=" not in copy and "/start?" not in copy and "link-api" not in copy


def test_pages_hold_no_secret(way: Way):
    """But the one page on which a person has just been given the link: staff's copy, and nobody asked for it here."""
    pages = "\n".join(way.pages)

    assert {name for name, secret in way.secrets.items() if secret in pages} <= {"invitation"}


def test_mails_hold_what_their_person_needs_and_nothing_of_codats(way: Way):
    sent = "\n".join(letter.body + str(letter.alternatives) for letter in outgoing.outbox)

    for name in (
        "link url",
        "one-time password",
        "api key",
        "secret key",
        "webhook secret",
        "session",
        "otp of an event",
    ):
        assert way.secrets[name] not in sent
    assert "codat.io" not in sent


def test_committed_files_hold_no_secret():
    """Payloads, fixtures and settings: no key but those that say what they are for."""
    root, found = Path(__file__).resolve().parents[2], []
    for folder in ("onboarding", "portal", "sandbox", "templates", "tests/payloads", "deploy", "docs"):
        for file in (root / folder).rglob("*"):
            if file.suffix in (".py", ".json", ".html", ".yaml", ".md", ".txt") and "__pycache__" not in file.parts:
                text = file.read_text(errors="replace")
                found += [(file.name, key) for key in re.findall(r"whsec_[A-Za-z0-9+/]{24,}=*", text)]
                found += [(file.name, "key") for _ in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY", text)]
                found += [(file.name, key) for key in re.findall(r"Basic [A-Za-z0-9+/]{30,}=*", text)]

    assert [each for each in found if each[0] not in PUBLISHED] == []


PUBLISHED = {"webhook-signature-vector.json"}  # the vector that the standard's own text prints


def test_web_process_itself_prints_no_token(tmp_path: Path, sandbox: Sandbox, settings):
    """The access log of a real gunicorn: paths without queries, tokens masked."""
    tokens = {
        "invite": "secret-invitation-token",
        "sign-in/link": "secret-link-token",
        "reminders": "secret-stop-token",
    }
    portal = Portal(tmp_path, sandbox, database_url=f"sqlite:///{tmp_path / 'portal.sqlite3'}")
    with portal:
        portal.manage_to_end("migrate", "--verbosity", "0")
        portal.manage_to_end("createcachetable")
        web = portal.start_web()
        for door, token in tokens.items():
            assert portal.get(f"/{door}/{token}/") == 404
        portal.get("/return/?statusCode=200&link.otp=742271&token=secret-query")
        portal.get("/admin/password-reset/1-secret-reset-token/")
        portal.wait_until_served()
        printed = web.output

    assert "/invite/" in printed
    assert [word for word in (*tokens.values(), "742271", "secret-query", "secret-reset") if word in printed] == []
