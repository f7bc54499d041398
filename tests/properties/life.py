"""The life of one customer's connection as a state machine: everybody acts in any order, and lines and processes die.

The portal's use cases run here; Codat is the sandbox over HTTP; its events lie in a bag until some rule delivers
them, late, twice or never. Both clocks move together when time passes.
"""

from __future__ import annotations

import os
import signal
import time
import urllib.error
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

from django.db import connections as databases
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from onboarding import codat, quota
from onboarding.actors import Actor
from onboarding.errors import OnboardingError
from onboarding.lifecycle import Source, Status
from onboarding.models import (
    Batch,
    Company,
    Connection,
    Delivery,
    Event,
    Kind,
    Lease,
    Mail,
    Membership,
    Quota,
    Sweep,
    User,
)
from onboarding.usecases import connections, follow, returning, sync, webhooks
from tests import factories
from tests.kit import Sandbox, sign
from tests.processes import until
from tests.reckoning import reconcile
from tests.sandbox.endpoint import Endpoint

PLATFORMS = (factories.XERO, factories.QUICKBOOKS)
ANY = st.integers(min_value=0, max_value=20)  # which one of those there are, counted around
RARELY = st.sampled_from([1, 1, 1, 0])  # 0: now
TROUBLE = st.sampled_from(
    ["", "", "", "lost", "garbled", "500", "500 done", "429", "killed before it is done", "killed when done"]
)


class Request(NamedTuple):
    """A kind of request of ours that trouble can be ordered for."""

    method: str
    path: str


CREATE_COMPANY, CREATE_CONNECTION = Request("POST", "/companies$"), Request("POST", "/connections$")
READ, UNLINK, DELETE = (Request(method, "/connections/[^/]+$") for method in ("GET", "PATCH", "DELETE"))
FORGOTTEN = (Event, Mail, Delivery, Sweep, Batch, Membership, Connection, Company, User, Quota, Lease)


class Life(RuleBasedStateMachine):
    """One customer, from nothing. `sandbox`, `bag` and `clock` are given by the test that runs it."""

    sandbox: ClassVar[Sandbox]
    bag: ClassVar[Endpoint]
    clock: ClassVar[Any]  # a time_machine traveller
    ahead: ClassVar[float] = 0.0  # seconds, of both clocks

    def __init__(self) -> None:
        super().__init__()
        self.sandbox.settle()  # or the last life's news would come into this one
        self.sandbox.reset()
        self.bag.received.clear()
        self.sandbox.webhooks(url=self.bag.url, lanes=1)
        for model in FORGOTTEN:
            model.objects.all().delete()
        quota.forget()
        self.sandbox.clock(Life.ahead)
        self.links: list[str] = []
        self.backs: list[str] = []
        self.deleted: set[Any] = set()

    @initialize(product=st.sampled_from(["bill_pay_async", "expenses"]))
    def a_customer(self, product: str) -> None:
        self.user = factories.ana()
        self.by = Actor.customer(self.user)
        self.staff = Actor(Source.STAFF, None, "a test")
        self.company = factories.company(self.user, product=product)
        factories.enable_platforms()

    # The customer

    @rule(platform=st.sampled_from(PLATFORMS), trouble=TROUBLE, at=st.sampled_from([CREATE_COMPANY, CREATE_CONNECTION]))
    def connects(self, platform: str, trouble: str, at: Request) -> None:
        was_linked = bool(self._ours(Status.LINKED))
        self.sandbox.forget_requests()
        self._try(lambda: self._leaves(connections.start(self.company, platform, by=self.by)), trouble, at)
        if was_linked:
            assert self.sandbox.requests(CREATE_CONNECTION.path, "POST") == []

    @rule(platform=st.sampled_from(PLATFORMS))
    def connects_and_goes_through(self, platform: str) -> None:
        self.connects(platform, "", CREATE_CONNECTION)
        self.is_at_link(-1, "authorise")

    @rule(trouble=TROUBLE)
    def reconnects(self, trouble: str) -> None:
        if rows := self._ours():
            self._try(lambda: self._leaves(connections.reconnect(rows[-1], by=self.by)), trouble, READ)

    @rule(which=ANY, answer=st.sampled_from(["authorise", "authorise", "cancel", "fail"]))
    def is_at_link(self, which: int, answer: str) -> None:
        with suppress(urllib.error.HTTPError, ValueError):  # a link that was used, or whose connection is gone
            self.backs.append(self.sandbox.visit_link(_one_of(self.links, which), answer))

    @rule(which=ANY, trouble=TROUBLE)
    def comes_back(self, which: int, trouble: str) -> None:
        with suppress(ValueError):
            query = _one_of(self.backs, which).partition("?")[2]
            told = dict(pair.partition("=")[::2] for pair in query.split("&"))
            self._try(lambda: returning.came_back(self.user, told), trouble, READ)

    @rule(trouble=TROUBLE)
    def disconnects(self, trouble: str) -> None:
        for row in self._ours(Status.LINKED):
            self._try(lambda row=row: connections.unlink(row, by=self.by), trouble, UNLINK)

    @rule(trouble=TROUBLE)
    def checks(self, trouble: str) -> None:
        self._try(lambda: connections.check(self.company, by=self.by), trouble, READ)

    # Staff

    @rule(trouble=TROUBLE)
    def staff_start_afresh(self, trouble: str) -> None:
        self._try(lambda: connections.start_afresh(self.company, by=self.staff), trouble, DELETE)

    @rule(which=ANY, trouble=TROUBLE, rarely=RARELY)
    def staff_delete(self, which: int, trouble: str, rarely: int) -> None:
        if not rarely and (rows := [row for row in self._ours() if row.codat_id and row.status != Status.DELETED]):
            self._try(lambda: connections.delete(_one_of(rows, which), by=self.staff), trouble, DELETE)

    # Codat and the accounting software

    @rule(which=ANY, act=st.sampled_from(["deauthorise"] * 3 + ["unlink", "delete_connection"]))
    def elsewhere(self, which: int, act: str) -> None:
        told = [each for each in self._at_codat() if act == "delete_connection" or each["status"] == "Linked"]
        if told:
            getattr(self.sandbox, act)(_one_of(told, which)["id"])

    @rule(rarely=RARELY)
    def company_is_deleted_at_codat(self, rarely: int) -> None:
        if not rarely and self.company.codat_id:
            with suppress(urllib.error.HTTPError):
                self.sandbox.delete_company(str(self.company.codat_id))

    # News, in any order, twice, or never

    @rule(order=st.lists(ANY, min_size=1, max_size=6), is_drained=st.booleans())
    def news_comes(self, order: list[int], is_drained: bool) -> None:
        self.sandbox.settle()
        for which in order if self.bag.received else ():
            self._deliver(which % len(self.bag.received))
        if is_drained:
            webhooks.drain()

    @rule()
    def the_worker_looks(self) -> None:
        self._follow()

    @rule()
    def a_sweep_runs(self) -> None:
        with suppress(codat.CodatError):
            sync.run()

    @rule(seconds=st.sampled_from([40.0, 70.0, 1000.0, 7200.0]))
    def time_passes(self, seconds: float) -> None:
        self._later(seconds)

    # What must always hold

    @invariant()
    def codat_has_the_company_once(self) -> None:
        assert sum(told["tags"].get("uid") == str(self.company.uid) for told in self.sandbox.companies()) <= 1

    @invariant()
    def at_most_one_connection_is_unfinished(self) -> None:
        pending = [told["id"] for told in self._at_codat() if told["status"] == "PendingAuth"]
        assert len(pending) <= 1, pending
        assert Connection.objects.filter(company=self.company, is_unfinished=True).count() <= 1

    @invariant()
    def at_most_one_is_linked(self) -> None:
        assert sum(told["status"] == "Linked" for told in self._at_codat()) <= 1

    @invariant()
    def what_is_deleted_stays_deleted(self) -> None:
        now = set(Connection.objects.filter(status=Status.DELETED).values_list("pk", flat=True))
        assert self.deleted <= now
        self.deleted = now

    def teardown(self) -> None:
        """When all is quiet, one sweep makes both sides the same."""
        if not hasattr(self, "company"):
            return
        self.sandbox.no_more_trouble()
        self.sandbox.settle()
        for number in range(0, len(self.bag.received), 2):  # half of what never came comes now; the rest is lost
            self._deliver(number)
        self._work_off()
        self._later(70.0)
        sync.run()
        self._work_off()
        differences = reconcile(self.sandbox)
        assert not differences, differences

    def _work_off(self) -> None:
        """What waits is due sooner or later: time passes until nothing waits."""
        for _ in range(12):
            webhooks.drain()
            self._follow()
            if not Delivery.objects.filter(done_at=None, parked_at=None).exists():
                return
            self._later(600.0)

    def _try(self, act: Callable[[], object], trouble: str, at: Request) -> None:
        """Refusals and Codat's failures are answers too; anything else is a bug."""
        self.company.refresh_from_db()
        if trouble.startswith("killed"):
            self._die_in(at, trouble == "killed when done", act)
            return
        self._order(trouble, at)
        with suppress(OnboardingError, codat.CodatError):
            act()
        self.sandbox.no_more_trouble()
        self.company.refresh_from_db()

    def _order(self, trouble: str, at: Request) -> None:
        if trouble == "lost":
            self.sandbox.lose_answer(*at)
        elif trouble == "garbled":
            self.sandbox.garble("json", *at)
        elif trouble:
            code = int(trouble[:3])
            self.sandbox.next_answer(code, method=at.method, path=at.path, after_effect="done" in trouble)

    def _leaves(self, link: codat.LinkUrl) -> None:
        assert "otp=" in link.reveal(), "a link without its password opens nothing"
        self.links.append(link.reveal())

    def _ours(self, *statuses: Status) -> list[Connection]:
        rows = Connection.objects.filter(company=self.company, kind=Kind.ACCOUNTING).select_related("company")
        return list((rows.filter(status__in=statuses) if statuses else rows).order_by("pk"))

    def _at_codat(self) -> list[dict[str, Any]]:
        """The company's accounting connections as they truly are."""
        return [
            connection
            for told in self.sandbox.companies()
            if told["tags"].get("uid") == str(self.company.uid)
            for connection in told["connections"]
            if not connection["isPartner"]
        ]

    def _deliver(self, number: int) -> None:
        """As Codat sends it: under its message id, signed for the moment of sending."""
        letter = self.bag.received[number]
        sent_at = int(time.time())
        signature = sign(self.sandbox.webhook_secret, letter.message_id, sent_at, letter.body)
        headers = {"webhook-id": letter.message_id, "webhook-timestamp": str(sent_at)}
        webhooks.accept(letter.body, headers | {"webhook-signature": signature})

    def _follow(self) -> None:
        for pk in follow.claim():
            follow.step(pk)

    def _later(self, seconds: float) -> None:
        Life.ahead += seconds
        self.clock.shift(seconds)
        self.sandbox.clock(Life.ahead)

    def _die_in(self, at: Request, is_done: bool, act: Callable[[], object]) -> None:
        """A process of its own begins the act and is killed, with -9, while Codat keeps it waiting.

        Codat does the work all the same, before or after the death. The dead process's claim runs out.
        """
        self.sandbox.forget_requests()
        self.sandbox.slow(30, at.method, at.path, after_effect=is_done)
        child = _begin(act)
        until(lambda: self._hangs(at) or _has_ended(child), "the process is at Codat", 20, every=0.005)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.sandbox.no_more_trouble()
        self.company.refresh_from_db()
        self._later(70.0)

    def _hangs(self, at: Request) -> bool:
        return any(request.status == 0 for request in self.sandbox.requests(at.path, at.method))


def _one_of(things: list[Any], which: int) -> Any:
    """Raises ValueError if there are none."""
    if not things:
        raise ValueError("there are none")
    return things[which % len(things)] if which >= 0 else things[which]


def _begin(act: Callable[[], object]) -> int:
    """Its process number. The child never comes back from here."""
    databases.close_all()  # two processes on one connection would mix their answers
    child = os.fork()
    if child:
        return child
    try:
        act()
    finally:
        os._exit(0)


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True
