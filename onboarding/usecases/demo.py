"""A believable portal, for `make run` and `manage.py demo`. Through the use cases that people and Codat set off.

The sandbox is told by its control API what the customer does at Link, and what then happens there. What exists
already is left as it is: whoever plays with the demo keeps what they did.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.db.models import DateTimeField, F, Model, QuerySet

from .. import queries
from ..actors import CLOCK, Actor
from ..lifecycle import Status
from ..models import Company, Connection, Consent, Event, Invitation, Mail, Product, User
from ..platforms import TABLES
from ..wiring import Errand
from . import (
    companies,
    connections,
    consents,
    invitations,
    mails,
    observing,
    partner,
    platforms,
    reads,
    returning,
    signin,
    standing,
)
from .demo_cast import EXTRAS, ORDERED, STAFF_EMAIL, STAFF_NAME, Scene, Stage

AFTER_LINK = frozenset({Stage.READING, Stage.LINKED, Stage.UNLINKED, Stage.DEAUTHORIZED})
WAY_IN_LIVES = timedelta(days=7)
CONTROL_TIMEOUT_SECONDS = 10
NOT_IN_THE_PAST = {"look_at", "last_read_at", "seen_at", "held_until", "create_asked_at", "paused_until"}


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: for whom, and the address or the words that open it."""

    who: str
    way_in: str


def seed(staff_password: str) -> list[Door]:
    """The demo of `make run`; returns the ways in, with fresh links. Safe to repeat.

    Raises a CodatError or requests.RequestException when the sandbox does not answer.
    """
    staff = _staff(staff_password)
    _play((*ORDERED[Stage.NEW], *EXTRAS), staff)
    shown = staff_password if staff.check_password(staff_password) else "your own password"
    return [*doors(Stage.NEW), Door("Staff", f"{settings.PUBLIC_URL}/admin/  {staff.email}  {shown}")]


def order(stage: Stage) -> list[Door]:
    """One more customer for each product, at a stage that is in the cast; returns their ways in. Safe to repeat."""
    _play(ORDERED[stage], User.objects.filter(email=STAFF_EMAIL).first())
    return doors(stage)


def doors(stage: Stage) -> list[Door]:
    """A sign-in link for each customer of that stage."""
    found = []
    for scene in ORDERED[stage]:
        company = Company.objects.get(customer_id=scene.customer_id)
        user = User.objects.get(email=scene.email)
        way_in = signin.link_for(user, f"/c/{company.ref}/", lives=WAY_IN_LIVES)
        found.append(Door(f"{Product(scene.product).label}: {scene.name}", way_in))
    return found


def _staff(password: str) -> User:
    """Somebody of ours who may do everything. A password that was changed since stays changed."""
    known = User.objects.filter(email=STAFF_EMAIL).first()
    return known or User.objects.create_superuser(STAFF_EMAIL, password, name=STAFF_NAME)


def _play(scenes: Iterable[Scene], staff: User | None) -> None:
    """Make what is missing: everybody is invited first, and the mails leave before anybody accepts."""
    known = set(Company.objects.values_list("customer_id", flat=True))
    missing = [scene for scene in scenes if scene.customer_id not in known]
    if not missing:
        return
    platforms.refresh_enabled(Errand.CLICK)
    by = Actor.staff(staff) if staff else Actor.command()
    invited = [(scene, _invite(scene, by)) for scene in missing]
    mails.send_due(len(missing) * 2)
    for number, (scene, invitation) in enumerate(invited):
        if scene.days:
            _age(invitation.company, timedelta(hours=1 + 7 * (number % 5)))  # people do not accept at once
        if scene.stage != Stage.INVITED:
            _continue(scene, invitation)
    mails.send_due(len(missing) * 4)
    for scene, invitation in invited:
        _age(invitation.company, timedelta(days=scene.days))


def _invite(scene: Scene, by: Actor) -> Invitation:
    company = companies.create(
        customer_id=scene.customer_id,
        name=scene.name,
        email=scene.email,
        product=scene.product,
        language=scene.language,
        contact=scene.contact,
        country=scene.country,
        time_zone="Europe/Paris" if scene.country == "FR" else "Europe/London",
        by=by,
    )
    return invitations.invite(company, by=by)


def _continue(scene: Scene, invitation: Invitation) -> None:
    """From the press of the invitation's button to where the scene ends."""
    token = invitations.url(invitation).rstrip("/").rpartition("/")[2]
    user = invitations.accept(token).user
    company, by = Company.objects.get(pk=invitation.company_id), Actor.customer(user)
    if scene.asks_for:
        invitations.ask_for_software(company, scene.asks_for, by=by)
    if scene.stage == Stage.NEW:
        return
    consents.give(company, scene.platform, by=by, language=company.language)
    connections.start(company, scene.platform, by=by)
    connection = _current(company)
    _at_link(scene, connection, user)
    if scene.stage in AFTER_LINK:
        _after_link(scene, connection, by)


def _current(company: Company) -> Connection:
    connection = queries.current(Company.objects.get(pk=company.pk))
    assert connection is not None
    return connection


def _at_link(scene: Scene, connection: Connection, user: User) -> None:
    """What the customer does at Link, and the way back."""
    if scene.stage == Stage.PENDING:
        return
    if scene.stage == Stage.CANCELLED:
        _order(f"connections/{connection.codat_id}/cancel")
        _come_back(connection, user, "403", statusText="User cancelled linking")
    elif scene.stage == Stage.FAILED:
        message = "The role of this user lacks the permission SuiteTalk Web Services."
        _order(f"connections/{connection.codat_id}/fail", message=message)
        _come_back(connection, user, "500", errorMessage=message)
    else:
        organisation = scene.organisation or companies.cleaned_name(scene.name)
        _order(f"connections/{connection.codat_id}/authorise", organisation=organisation)
        _come_back(connection, user, "200")


def _come_back(connection: Connection, user: User, code: str, **more: str) -> None:
    ids = {"companyId": str(connection.company.codat_id), "connectionId": str(connection.codat_id)}
    returning.came_back(user, {**ids, "statusCode": code, **more})


def _after_link(scene: Scene, connection: Connection, by: Actor) -> None:
    """The reads, what the worker would do next, and how it ended since."""
    company = connection.company
    words = dict(scene.reads)
    default = words.pop("*", "Fetching" if scene.stage == Stage.READING else "Complete")
    _order(f"companies/{company.codat_id}/reads", status=default, types=words)
    reads.ask_progress(connection, errand=Errand.CLICK)
    if scene.stage == Stage.READING:
        return
    reads.ask_organisation(connection, errand=Errand.CLICK)
    if TABLES[scene.product].needs_partner:
        partner.create(connection, by=CLOCK, errand=Errand.CLICK)
    connection.refresh_from_db()
    if scene.stage == Stage.DEAUTHORIZED:
        _order(f"connections/{connection.codat_id}/deauthorise")
        observing.read(connection, by=CLOCK, errand=Errand.CLICK)
    elif scene.stage == Stage.UNLINKED:
        connections.unlink(connection, by=by)


def _order(path: str, **content: Any) -> None:
    """Tell the sandbox. Only a demo has one."""
    if not settings.DEMO:
        raise RuntimeError("There is no sandbox outside the demo.")
    url = f"{settings.CODAT_BASE_URL}/_sandbox/{path}"
    requests.post(url, json=content, timeout=CONTROL_TIMEOUT_SECONDS).raise_for_status()


def _age(company: Company, age: timedelta) -> None:
    """Let what happened to a company have happened a while ago. Only what the demo just made is ever changed so."""
    if age:
        for rows in _rows_of(company):
            names = [field.name for field in _times_of(rows.model)]
            rows.update(**{name: F(name) - age for name in names})
        company.connections.exclude(status=Status.LINKED).update(last_read_at=F("last_read_at") - age)
    standing.refresh([company.pk])


def _rows_of(company: Company) -> list[QuerySet[Any]]:
    ours: list[type[Model]] = [Connection, Event, Invitation, Consent, Mail]
    return [Company.objects.filter(pk=company.pk), *(model.objects.filter(company=company) for model in ours)]  # type: ignore[attr-defined]


def _times_of(model: type[Model]) -> "list[DateTimeField[Any, Any]]":
    fields = model._meta.get_fields()
    return [field for field in fields if isinstance(field, DateTimeField) and field.name not in NOT_IN_THE_PAST]
