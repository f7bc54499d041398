"""P5: how many requests to Codat a customer costs, counted at the local Codat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from time import sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench import world
from bench.report import Measure, at_most
from tests.kit import Sandbox

XERO = "gbol"
SOON = timedelta(seconds=25)


def run(_size: int) -> Iterator[Measure]:
    with world.codat() as sandbox, world.database(CODAT_BASE_URL=sandbox.url, ALLOWED_HOSTS="testserver"):
        for product, partner in (("bill_pay_async", 0), ("expenses", 1)):
            yield _measure(sandbox, product, partner)


def _measure(sandbox: Sandbox, product: str, partner: int) -> Measure:
    customer = Customer(sandbox, product)
    linked = customer.asked(customer.link)
    after = customer.asked(customer.follow)
    shown = customer.asked(customer.look)
    unlinked = customer.asked(customer.unlink)
    told = {"to Linked": linked, "in the half minute after it": after, "pages shown": shown, "unlink": unlinked}
    return Measure(
        row="P5",
        name=f"requests to Codat for one customer of {product}",
        figures={name: f"{len(paths)} ({', '.join(paths) or '–'})" for name, paths in told.items()},
        targets=[
            at_most("to Linked", len(linked), 3),
            at_most("after it, at most organisation, partner and one look at the first read", len(after), 2 + partner),
            at_most("pages", len(shown), 0),
            at_most("unlink", len(unlinked), 1),
        ],
        notes="without any webhook",
    )


class Customer:
    """One person with one company, who connects it, looks at it and disconnects it again."""

    def __init__(self, sandbox: Sandbox, product: str) -> None:
        from onboarding.models import Membership
        from tests import factories

        self.sandbox = sandbox
        self.user = factories.person(f"{product}@customer.example", "Ana")
        self.company = factories.company(product=product, email=self.user.email)
        Membership.objects.create(company=self.company, user=self.user, role="member")
        factories.enable_platforms()

    def asked(self, act: Callable[[], Any]) -> list[str]:
        self.sandbox.forget_requests()
        act()
        return [f"{each.method} {_short(each.path)}" for each in self.sandbox.requests()]

    def link(self) -> None:
        """Connect, sign in at the software, and come back."""
        from onboarding.actors import Actor
        from onboarding.usecases import connections, returning

        link = connections.start(self.company, XERO, by=Actor.customer(self.user))
        back = self.sandbox.visit_link(str(getattr(link, "reveal", lambda: link)()))
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        returning.came_back(self.user, query)
        assert self.connection.is_linked

    def follow(self) -> None:
        """The worker's errands, until nothing more is due within the next half minute."""
        from django.utils import timezone

        from onboarding.models import Connection
        from onboarding.usecases import follow

        soon = timezone.now() + SOON
        while Connection.objects.filter(company=self.company, look_at__lte=soon).exists():
            for pk in follow.claim():
                follow.step(pk)
            sleep(0.2)

    def look(self) -> None:
        from django.test import Client

        client = Client()
        client.force_login(self.user)
        for page in ("", "connection/", "activity/"):
            assert client.get(f"/c/{self.company.ref}/{page}").status_code == 200

    def unlink(self) -> None:
        from onboarding.actors import Actor
        from onboarding.usecases import connections

        connections.unlink(self.connection, by=Actor.customer(self.user))

    @property
    def connection(self) -> Any:
        from onboarding.models import Connection, Kind

        return Connection.objects.select_related("company").get(company=self.company, kind=Kind.ACCOUNTING)


def _short(path: str) -> str:
    """The path without ids."""
    return "/".join("…" if len(part) == 36 else part for part in path.split("/"))
