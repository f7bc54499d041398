"""Codat's deliveries at a steady rate, repeated until they are taken, with every answer and its time written down."""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import connections as databases
from django.db.models import Q
from django.utils import timezone

from onboarding.lifecycle import Status
from onboarding.models import Company, Connection, Delivery
from tests.kit import Sandbox, sign
from tests.processes import Portal, until

SENDERS = 8
TIMEOUT_SECONDS = 15.0  # Codat's
REPEAT_SECONDS = 0.25
HANDLED_SECONDS = 60.0  # promised after the end of any fault


def customers(sandbox: Sandbox, number: int, status: Status = Status.PENDING_AUTH) -> list[Connection]:
    """Companies with one Linked connection each at Codat; here they still wait, unless the news has come already."""
    told = sandbox.fill(number, connections_per_company=1)
    before, now = timezone.now() - timedelta(hours=1), timezone.now()
    rows = [
        Company(
            customer_id=f"cust-{each['uid']}",
            uid=UUID(each["uid"]),
            ref=f"T{index:07}",
            name=f"Filled company {index}",
            email="ana@marlow.example",
            product="bill_pay_async",
            codat_id=UUID(each["id"]),
            codat_name=f"Filled company {index + 1}",
            codat_products=["payables", "payables-v2", "expenses"],
            accepted_at=before,
            state_since=now,
        )
        for index, each in enumerate(told)
    ]
    Company.objects.bulk_create(rows, batch_size=1000)
    ours = {company.codat_id: company for company in rows}
    Connection.objects.bulk_create(
        [
            Connection(
                company=ours[UUID(each["id"])],
                platform_key="gbol",
                codat_id=UUID(each["connections"][0]),
                status=status,
                linked_at=before if status == Status.LINKED else None,
                status_at=before,
                seen_at=before,
            )
            for each in told
        ],
        batch_size=1000,
    )
    return list(Connection.objects.select_related("company").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt: when it ended, what came (0: nothing), and how long it took, in seconds."""

    at: float
    status: int
    seconds: float


@dataclass
class Traffic:
    """What was sent and what came back."""

    answers: list[Answer] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def taken_between(self, since: float, until: float) -> int:
        """How many were acknowledged in between, by the monotonic clock."""
        return sum(since < answer.at < until and 200 <= answer.status < 300 for answer in self.answers)

    @property
    def failures(self) -> list[Answer]:
        return [answer for answer in self.answers if not 200 <= answer.status < 300]

    @property
    def longest_seconds(self) -> float:
        return max(answer.seconds for answer in self.answers)

    @property
    def longest_gap_seconds(self) -> float:
        """Between two answers 2xx."""
        good = sorted(answer.at for answer in self.answers if 200 <= answer.status < 300)
        return max(later - earlier for earlier, later in itertools.pairwise(good))

    def quantile_seconds(self, share: float) -> float:
        times = sorted(answer.seconds for answer in self.answers if 200 <= answer.status < 300)
        return times[int(share * (len(times) - 1))]

    def lost(self) -> set[str]:
        """Messages that were acknowledged and are not kept."""
        databases.close_all()  # the server may have ended ours
        return set(self.acknowledged) - set(Delivery.objects.values_list("pk", flat=True))

    def wait_until_handled(self) -> float:
        """Seconds until nothing waits. Raises TimeoutError after the promised minute."""
        began = time.monotonic()
        open_ones = Delivery.objects.filter(Q(done_at=None), parked_at=None)
        until(lambda: not open_ones.exists(), "every message handled", HANDLED_SECONDS, every=0.2)
        return time.monotonic() - began

    def summary(self) -> str:
        return (
            f"{len(self.acknowledged)} events, {len(self.failures)} attempts refused or lost, "
            f"p99 {self.quantile_seconds(0.99) * 1000:.0f} ms, longest answer {self.longest_seconds:.2f} s, "
            f"longest gap {self.longest_gap_seconds:.2f} s"
        )


class Senders:
    """Threads that deliver `number` events at so many a second, each again and again until it is taken."""

    def __init__(self, portal: Portal, connections: list[Connection], number: int, a_second: float) -> None:
        self.traffic = Traffic()
        self._portal, self._number, self._a_second = portal, number, a_second
        self._connections = [(str(row.codat_id), row.company) for row in connections]
        self._turns = itertools.count()
        self._lock = Lock()
        self._gives_up = Event()
        self._began = time.monotonic()
        self._threads = [Thread(target=self._run, daemon=True) for _ in range(min(SENDERS, number))]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_seconds: float = 300.0) -> None:
        for thread in self._threads:
            thread.join(timeout_seconds)
        assert not any(thread.is_alive() for thread in self._threads), "not everything was taken in time"

    def stop(self) -> None:
        self._gives_up.set()

    def _run(self) -> None:
        line: http.client.HTTPConnection | None = None
        while not self._gives_up.is_set():
            with self._lock:
                turn = next(self._turns)
            if turn >= self._number:
                break
            self._gives_up.wait(max(0.0, self._began + turn / self._a_second - time.monotonic()))
            message_id, body = f"msg_{uuid4().hex}", self._body(turn)
            while not self._gives_up.is_set():
                line, status = self._post(line, message_id, body)
                if 200 <= status < 300:
                    self.traffic.acknowledged.append(message_id)
                    break
                self._gives_up.wait(REPEAT_SECONDS)
        if line:
            line.close()

    def _body(self, turn: int) -> bytes:
        connection_id, company = self._connections[turn % len(self._connections)]
        told = {
            "id": str(uuid4()),
            "eventType": "connection.connected",
            "generatedDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z"),
            "payload": {
                "referenceCompany": {
                    "id": str(company.codat_id),
                    "name": company.name,
                    "tags": {"uid": str(company.uid)},
                },
                "connection": {
                    "id": connection_id,
                    "integrationKey": "gbol",
                    "sourceType": "Accounting",
                    "status": "Linked",
                },
            },
        }
        return json.dumps(told).encode()

    def _post(
        self, line: http.client.HTTPConnection | None, message_id: str, body: bytes
    ) -> tuple[http.client.HTTPConnection | None, int]:
        """Over the line that stands. One that the other side has closed meanwhile is no answer: a fresh one is used."""
        began, sent_at, status = time.monotonic(), int(time.time()), 0
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": sign(self._portal.sandbox.webhook_secret, message_id, sent_at, body),
        }
        for kept in [line, None] if line else [None]:
            line = kept or http.client.HTTPConnection(urlsplit(self._portal.url).netloc, timeout=TIMEOUT_SECONDS)
            try:
                line, status = _exchange(line, body, headers)
                break
            except (OSError, http.client.HTTPException) as error:
                line.close()
                line = None
                if kept is None or not isinstance(error, ConnectionError):
                    break
        self.traffic.answers.append(Answer(time.monotonic(), status, time.monotonic() - began))
        return line, status


def _exchange(
    line: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPConnection | None, int]:
    line.request("POST", "/webhooks/codat/", body, headers)
    response = line.getresponse()
    response.read()
    if response.will_close:
        line.close()
    return None if response.will_close else line, response.status


@contextmanager
def traffic(
    portal: Portal, connections: list[Connection], number: int, a_second: float, timeout_seconds: float = 300.0
) -> Iterator[Traffic]:
    """Events come while the body breaks things; at its end the rest is delivered."""
    senders = Senders(portal, connections, number, a_second)
    senders.start()
    try:
        yield senders.traffic
        senders.wait(timeout_seconds)
    finally:
        senders.stop()
