"""Staff of each role at their pages, and companies in the states that the pages are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from onboarding import quota, roles
from onboarding.actors import Actor
from onboarding.lifecycle import Source
from onboarding.models import Company, Connection, User
from onboarding.usecases import reads
from onboarding.usecases.reads import Outcome
from tests import factories

BACKEND = "onboarding.asking.Accounts"
LIST = "/admin/onboarding/company/"
WORKER = Actor(Source.WORKER)


@pytest.fixture(autouse=True)
def _fresh(db: None) -> None:
    """The groups as migrated (a test that empties tables takes them along), and no remembered numbers."""
    roles.grant(apps)
    cache.clear()
    quota.forget()


@pytest.fixture
def staff(db: None) -> Callable[..., User]:
    """A member of staff in a role; `staff("Support")` twice is the same person."""

    def of(role: str, name: str = "") -> User:
        email = f"{(name or role).lower().replace(' ', '.')}@alderway.example"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = factories.person(email, name or f"{role} Person", is_staff=True)
            user.groups.add(Group.objects.get(name=role))
        return user

    return of


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser in which somebody is signed in and has seen a page: the session's times are written."""

    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=BACKEND)
        client.get("/data/")
        return client

    return browser


@pytest.fixture
def support(staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(staff("Support"))


@pytest.fixture
def lead(staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(staff("Support lead"))


@pytest.fixture
def operations(staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(staff("Operations"))


def page_of(company: Company) -> str:
    return f"{LIST}{company.pk}/change/"


def act_of(company: Company, name: str) -> str:
    return f"{LIST}{company.pk}/do/{name}/"


def texts(response: Any) -> list[str]:
    """What the next page tells of."""
    return [str(message) for message in response.context["messages"]]


def do(browser: Client, company: Company, name: str, /, **told: Any) -> list[str]:
    """Post an action, follow its 303, and return what the page then says."""
    response = browser.post(act_of(company, name), told)
    assert response.status_code == 303, response.content.decode()[:2000]
    return texts(browser.get(response.headers["Location"]))


def lines(company: Company) -> list[tuple[str, str, str]]:
    """(kind, who, why) of what staff did, oldest first."""
    rows = company.events.filter(source=Source.STAFF).order_by("pk")
    return [(event.kind, str(event.by), event.reason) for event in rows]


def has_read(connection: Connection) -> None:
    now = timezone.now()
    reads.note(
        connection, [Outcome(name, "Complete", now) for name in reads.wanted(connection)], by=WORKER, ended_at=now
    )
