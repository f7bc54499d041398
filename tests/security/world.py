"""The people and things that the security tests meet: two companies of Ana's, one of Cleo's, staff of each role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Source
from onboarding.models import (
    Alarm,
    Batch,
    BatchKind,
    Company,
    Connection,
    Delivery,
    Event,
    Mail,
    Membership,
    PlatformState,
    Role,
    Sweep,
    User,
)
from onboarding.roles import ROLES
from onboarding.usecases import deletion, invitations, links, platforms, signin
from tests import factories
from tests.security.walk import browser

PASSWORD = "correct-horse-battery"
LOGO = b"\x89PNG\r\n\x1a\n"
A_CODAT_ID = "11111111-1111-4111-8111-111111111111"


@dataclass
class World:
    """Ana owns a bakery (connected) and a shop (not). Con was asked to connect both. Cleo has a company of her own."""

    people: dict[str, User | None] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def browser(self, who: str) -> Client:
        if who not in self.browsers:
            self.browsers[who] = browser(self.people[who])
        return self.browsers[who]

    def sign_in_all(self) -> None:
        """So that no row moves for a sign-in while a test looks at rows."""
        for who in self.people:
            self.browser(who).get("/")

    def person(self, who: str) -> User:
        found = self.people[who]
        assert found is not None
        return found


def build() -> World:
    ana, con, cleo = factories.ana(), factories.person("con@books.example", "Con Colleague"), factories.cleo()
    bakery, shop = factories.company(ana), factories.company(ana, name="Marlow Corner Shop")
    for company in (bakery, shop):
        Membership.objects.create(company=company, user=con, role=Role.CONNECTOR)
    factories.company(cleo, name="Other Works", email=cleo.email)
    factories.enable_platforms()
    linked = factories.local_connection(bakery, started_by=ana, organisation="Marlow Street Bakery")
    people: dict[str, User | None] = {"owner": ana, "connector": con, "stranger": cleo, "anonymous": None}
    people |= {name: _staff(name) for name in ROLES}
    people |= {"bare": factories.sam(password=PASSWORD)}
    people |= {"superuser": User.objects.create_superuser("root@alderway.example", PASSWORD)}
    return World(people=people, values=_values(bakery, shop, linked, ana))


def _staff(role: str) -> User:
    user = factories.person(
        f"{role.lower().replace(' ', '.')}@alderway.example", role, password=PASSWORD, is_staff=True
    )
    user.groups.add(Group.objects.get(name=role))
    return user


def _values(bakery: Company, shop: Company, linked: Connection, ana: User) -> dict[str, Any]:
    """An argument for every pattern of the customers' pages."""
    shared = invitations.share(bakery, email="helper@books.example", note="", by=Actor.customer(ana))
    invited = invitations.invite(shop, email="new@marlow.example", by=Actor(Source.COMMAND))
    PlatformState.objects.filter(pk=linked.platform_key).update(logo=LOGO, logo_type="image/png", logo_digest="d1")
    return {
        "bakery": bakery,
        "shop": shop,
        "connection": linked,
        "ref": bakery.ref,
        "slug": "xero",
        "share": shared.pk,
        "digest": "d1",
        "platform_key": linked.platform_key,
        "invitation": links.invitation_path(invited).split("/")[2],
        "link": signin.link_for(ana).split("/")[-2],
        "reminders": links.reminders_url(bakery, ana.email).split("/")[-2],
    }


def rows_for_staff(the: World) -> dict[str, Any]:
    """The primary key of a row of every model in the admin, by its place there; a page's own first."""
    bakery, lead, now = the.values["bakery"], the.person("Support lead"), timezone.now()
    by = Actor.staff(lead, "ticket 7")
    Company.objects.filter(pk=bakery.pk).update(codat_id=A_CODAT_ID)
    bakery.refresh_from_db()
    asked = deletion.ask(bakery, by=by)
    paused = platforms.pause("pdvj", reason_en="Work.", reason_fr="Travaux.", until=now + timedelta(hours=1), by=by)
    kind = ContentType.objects.get_for_model(User)
    entry = LogEntry.objects.create(
        user=lead, content_type=kind, object_id=lead.pk, object_repr="x", action_flag=CHANGE
    )
    event = Event.objects.filter(company=bakery).latest("pk")
    batch = Batch.objects.create(kind=BatchKind.ONBOARD, name="c.csv", stored_at=now).pk
    return {
        "onboarding/batch": batch,
        "onboarding/company": bakery.pk,
        "onboarding/event": event.pk,
        "onboarding/mail": Mail.objects.latest("pk").pk,
        "onboarding/connection": the.values["connection"].pk,
        "onboarding/sweep": Sweep.objects.create(started_at=now).pk,
        "onboarding/alarm": Alarm.objects.create(name="clock", raised_at=now, last_at=now).pk,
        "onboarding/deletionrequest": asked.pk,
        "onboarding/deletionrequest/batch": batch,
        "onboarding/delivery": Delivery.objects.create(webhook_id="msg_1", event_type="x", not_before=now).pk,
        "onboarding/platformstate": the.values["platform_key"],
        "onboarding/platformpause": paused.pk,
        "onboarding/user": lead.pk,
        "auth/group": Group.objects.get(name="Support").pk,
        "admin/logentry": entry.pk,
    }
