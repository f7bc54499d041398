"""A cast that everyone knows, and plain functions that make what a test needs. No surprises.

Ana owns Marlow Street Bakery, Ben keeps its books, Cleo is a stranger with a company of her own, Sam is support.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from onboarding.actors import Actor
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Connection, Membership, PlatformState, Role, User
from onboarding.platforms import PLATFORMS
from onboarding.usecases import companies, connections, door, reads, standing
from tests.kit import Sandbox

XERO, QUICKBOOKS, DESKTOP, NETSUITE, FREEAGENT = "gbol", "qhyg", "pqsw", "akxx", "fbrh"
COMMAND = Actor(Source.COMMAND)


def person(email: str, name: str = "", **fields: Any) -> User:
    return User.objects.create_user(email, name=name, **fields)


def ana() -> User:
    return person("ana@marlow.example", "Ana Marlow")


def ben() -> User:
    return person("ben@books.example", "Ben Booker")


def cleo() -> User:
    return person("cleo@other.example", "Cleo Other")


def sam(**fields: Any) -> User:
    return person("sam@alderway.example", "Sam Reyes", is_staff=True, **fields)


def company(*people: User, product: str = "bill_pay_async", **fields: Any) -> Company:
    """A customer of ours that has accepted its invitation; nothing at Codat yet."""
    values = {
        "customer_id": f"cust-{uuid4().hex[:8]}",
        "name": "Marlow Street Bakery Ltd",
        "email": "ana@marlow.example",
    }
    made = companies.create(product=product, by=COMMAND, **{**values, **fields})
    for user in people:
        Membership.objects.create(company=made, user=user, role=Role.MEMBER)
    Company.objects.filter(pk=made.pk).update(accepted_at=timezone.now())
    standing.refresh([made.pk])
    made.refresh_from_db()
    return made


def enable_platforms(*, off: tuple[str, ...] = ()) -> None:
    """Codat has told of every platform, as the sandbox has them."""
    for key, platform in PLATFORMS.items():
        PlatformState.objects.update_or_create(
            platform_key=key,
            defaults={"name": platform.name, "is_enabled": key not in off, "checked_at": timezone.now()},
        )


def started(made: Company, user: User, platform_key: str = XERO) -> Connection:
    """A PendingAuth connection, at Codat too: the customer has just left for Link."""
    enable_platforms()
    connections.start(made, platform_key, by=Actor.customer(user))
    return Connection.objects.select_related("company").get(company=made, is_unfinished=True)


def linked_connection(
    sandbox: Sandbox, user: User | None = None, *, platform_key: str = XERO, product: str = "bill_pay_async"
) -> Connection:
    """A connection that the customer authorised, Linked on both sides."""
    owner = user or ana()
    connection = started(company(owner, product=product), owner, platform_key)
    sandbox.authorise(str(connection.codat_id), reads=False)
    connections.read(connection, by=Actor(Source.WORKER), errand=connections.Errand.FOLLOW)
    connection.refresh_from_db()
    assert connection.status == Status.LINKED
    return connection


def local_connection(
    made: Company,
    status: Status = Status.LINKED,
    *,
    platform_key: str = XERO,
    at: datetime | None = None,
    **fields: Any,
) -> Connection:
    """A row alone, unknown to any Codat: for pages, lists and the door."""
    moment = at or timezone.now() - timedelta(hours=1)
    codat_id = None if status == Status.STARTING else uuid4()
    row = Connection.objects.create(company=made, platform_key=platform_key, codat_id=codat_id, **fields)
    if made.codat_id is None:
        Company.objects.filter(pk=made.pk).update(codat_id=uuid4())
        made.refresh_from_db()
    if status != Status.STARTING:
        door.record({row.pk: door.Observation(status.value, moment, Source.WORKER, is_read=True)})
    if name := fields.get("organisation"):  # it is read after every authorisation
        reads.note_organisation(row, name)
    row.refresh_from_db()
    return row
