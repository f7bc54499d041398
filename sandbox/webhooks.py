"""Delivery of events: signed, at least once, in no promised order, again after every failure."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any

from sandbox.clock import Clock
from sandbox.consumers import Consumer, Manner
from sandbox.events import Event
from sandbox.post import Poster
from sandbox.signature import sign

RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
DISABLED_AFTER_SECONDS = 5 * 86_400
MOST_LANES = 16
SOON_SECONDS = 1.0  # `wait_until_idle` waits for what is due within this
QUIET_SECONDS = 0.15  # newest-first delivery begins when no event came for this long
KEPT = 60_000


@dataclass(order=True, slots=True)
class Delivery:
    due: float
    number: int
    event: Event = field(compare=False)
    consumer_id: str = field(compare=False)
    attempt: int = field(compare=False, default=0)


class Webhooks:
    """The consumers, what waits for them, and the threads that deliver."""

    def __init__(self, clock: Clock, secret: str) -> None:
        self.consumers: dict[str, Consumer] = {}
        self.manner = Manner()
        self.secret = secret
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.attempts: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[Delivery] = []
        self._first_attempts = 0  # of those waiting
        self._together: list[tuple[Event, str]] = []
        self._together_until = 0.0
        self._parked: list[Delivery] = []  # of a disabled consumer
        self._busy = 0
        self._threads: list[Thread] = []
        self._changed = Condition()
        self._is_closed = False

    def add(self, consumer: Consumer) -> None:
        with self._changed:
            self.consumers[consumer.id] = consumer

    def remove(self, consumer_id: str) -> None:
        with self._changed:
            self.consumers.pop(consumer_id, None)

    def publish(self, event: Event) -> None:
        """Queues the event for every consumer that wants it."""
        with self._changed:
            self.events.append(event)
            if self.manner.drop:
                return
            for consumer in self.consumers.values():
                if consumer.wants(event):
                    self._queue(event, consumer)
            self._changed.notify_all()

    def replay(self, *, only_missed: bool = True) -> int:
        """Sends again what consumers missed, or everything; all at once, under the same message ids."""
        with self._changed:
            again = [(event, consumer) for event in self.events for consumer in self.consumers.values()]
            again = [
                (event, consumer)
                for event, consumer in again
                if consumer.id in event.missed_by or (not only_missed and consumer.wants(event))
            ]
            for event, consumer in again:
                event.missed_by.discard(consumer.id)
                self._push(event, consumer.id, time.monotonic())
            self._changed.notify_all()
            return len(again)

    def enable(self, consumer_id: str) -> None:
        """What was scheduled while the consumer was disabled is due again; what it missed stays missed."""
        with self._changed:
            consumer = self.consumers[consumer_id]
            consumer.disabled, consumer.failing_since = False, None
            for delivery in [delivery for delivery in self._parked if delivery.consumer_id == consumer_id]:
                self._parked.remove(delivery)
                heapq.heappush(self._waiting, delivery)
            self._changed.notify_all()

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Waits until nothing is on its way, nothing waits for its first attempt and no retry is due soon."""
        until = time.monotonic() + timeout_seconds
        with self._changed:
            while not self._is_idle():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
        return True

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def waiting(self) -> int:
        with self._changed:
            return len(self._waiting) + len(self._together) + self._busy

    def _is_idle(self) -> bool:
        soon = time.monotonic() + SOON_SECONDS
        due_soon = bool(self._waiting) and self._waiting[0].due <= soon
        return not (self._busy or self._together or self._first_attempts or due_soon)

    def _queue(self, event: Event, consumer: Consumer) -> None:
        if self.manner.off or consumer.disabled:
            event.missed_by.add(consumer.id)
            return
        for _ in range(1 + self.manner.duplicates):
            if self.manner.shuffle:
                self._together.append((event, consumer.id))
                self._together_until = time.monotonic() + QUIET_SECONDS
            else:
                self._push(event, consumer.id, time.monotonic() + self.manner.delay_seconds)
        self._start_threads()

    def _push(self, event: Event, consumer_id: str, due: float) -> None:
        heapq.heappush(self._waiting, Delivery(due, next(self._numbers), event, consumer_id))
        self._first_attempts += 1
        self._start_threads()

    def _start_threads(self) -> None:
        while len(self._threads) < min(MOST_LANES, max(1, self.manner.lanes)):
            thread = Thread(target=self._run, name=f"webhooks-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        poster = Poster()
        while (delivery := self._take()) is not None:
            status = self._send(poster, delivery)
            self._settle(delivery, status)

    def _take(self) -> Delivery | None:
        """The next delivery that is due; None when the sandbox stops."""
        with self._changed:
            while not self._is_closed:
                self._release_together()
                if self._waiting and self._busy < (1 if self.manner.shuffle else self.manner.lanes):
                    wait = self._waiting[0].due - time.monotonic()
                    if wait <= 0:
                        return self._begin(heapq.heappop(self._waiting))
                    self._changed.wait(min(wait, QUIET_SECONDS) if self._together else wait)
                else:
                    self._changed.wait(QUIET_SECONDS if self._together else None)
        return None

    def _begin(self, delivery: Delivery) -> Delivery:
        self._first_attempts -= delivery.attempt == 0
        self._busy += 1
        return delivery

    def _release_together(self) -> None:
        if self._together and time.monotonic() >= self._together_until:
            due = time.monotonic() + self.manner.delay_seconds
            for event, consumer_id in reversed(self._together):
                self._push(event, consumer_id, due)
            self._together.clear()

    def _send(self, poster: Poster, delivery: Delivery) -> int:
        """Delivers once. Returns the HTTP status; 0 without an answer, -1 when the consumer is not to be asked."""
        consumer = self.consumers.get(delivery.consumer_id)
        if consumer is None or consumer.disabled:
            return -1
        event, timestamp = delivery.event, int(self._clock.seconds())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Svix-Webhooks/1.0 (sandbox)",
            "webhook-id": event.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self.secret, event.message_id, timestamp, event.body),
        }
        return poster.post(consumer.url, event.body, headers)

    def _settle(self, delivery: Delivery, status: int) -> None:
        with self._changed:
            self._busy -= 1
            consumer = self.consumers.get(delivery.consumer_id)
            if consumer is not None and not self._is_closed:
                self._note(delivery, consumer, status)
                self._schedule(delivery, consumer, status)
            self._changed.notify_all()

    def _note(self, delivery: Delivery, consumer: Consumer, status: int) -> None:
        if status >= 0:
            event = delivery.event
            noted = {"messageId": event.message_id, "eventType": event.event_type, "url": consumer.url}
            self.attempts.append(noted | {"attempt": delivery.attempt + 1, "status": status})

    def _schedule(self, delivery: Delivery, consumer: Consumer, status: int) -> None:
        if 200 <= status < 300:
            consumer.failing_since = None
            return
        if status < 0:
            self._parked.append(delivery)
            return
        now = time.monotonic()
        consumer.failing_since = consumer.failing_since or now
        if now - consumer.failing_since >= DISABLED_AFTER_SECONDS / self.manner.compress:
            consumer.disabled = True
        if delivery.attempt < len(RETRY_SECONDS):
            delivery.due = now + RETRY_SECONDS[delivery.attempt] / self.manner.compress
            delivery.attempt += 1
            heapq.heappush(self._waiting, delivery)
        else:
            delivery.event.missed_by.add(consumer.id)
