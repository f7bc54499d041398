"""Everything that a reset forgets, and how its parts hang together."""

from __future__ import annotations

from threading import Event, RLock
from typing import Any
from urllib.parse import urlsplit

from sandbox import events
from sandbox.clock import Clock
from sandbox.consumers import Consumer
from sandbox.datatypes import default_sync_settings
from sandbox.errors import company_not_found, connection_not_found
from sandbox.idempotency import Idempotency
from sandbox.links import Links
from sandbox.platforms import PLATFORMS
from sandbox.quota import Quota
from sandbox.reads import Reads
from sandbox.requestlog import RequestLog
from sandbox.settings import Options
from sandbox.store import Company, Connection, Store, new_id
from sandbox.timers import Timers
from sandbox.trouble import Rules
from sandbox.webhooks import Webhooks

PROFILE_NAME = "Local Codat sandbox"
MIDNIGHT_LOOK_SECONDS = 0.5


class World:
    """One Codat client: its settings, companies, limits, and what is under way.

    `lock` guards everything in it; it is never held during a pause or a delivery.
    """

    def __init__(self, options: Options, public_url: str) -> None:
        self.public_url = options.public_url or public_url
        self.settings = options.settings.copy()
        self.lock = RLock()
        self.closed = Event()
        self.clock = Clock()
        self.clock.is_mixed = self.settings.mixed_timestamps
        self.store = Store()
        self.timers = Timers()
        self.log = RequestLog()
        self.rules = Rules()
        self.idempotency = Idempotency(self.clock)
        self.quota = Quota(self.clock, lambda: self.store.active_companies, self._announce_quota)
        self.links = Links(self)
        self.reads = Reads(self)
        self.webhooks = Webhooks(self.clock, self.settings.webhook_secret)
        self.enabled = {key: platform.enabled for key, platform in PLATFORMS.items()}
        self.profile = _profile(options.redirect_url)
        self.allowed_origins: list[str] = []
        self.client_id = new_id()
        self._portal_consumer_id = ""
        self.sync_settings: dict[str, Any] = {"settings": default_sync_settings(), "overridesDefaults": True}
        self._apply(options)

    def company(self, company_id: str) -> Company:
        """Raises a 404 refusal."""
        company = self.store.companies.get(company_id.lower())
        if company is None:
            raise company_not_found(company_id)
        return company

    def connection(self, company_id: str, connection_id: str) -> Connection:
        """Raises a 404 refusal, also for a connection of another company."""
        company = self.company(company_id)
        connection = self.store.connections.get(connection_id.lower())
        if connection is None or connection.company_id != company.id:
            raise connection_not_found(connection_id)
        return connection

    def any_connection(self, connection_id: str) -> Connection:
        """By its id alone. Raises a 404 refusal."""
        connection = self.store.connections.get(connection_id.lower())
        if connection is None:
            raise connection_not_found(connection_id)
        return connection

    def set_webhook_url(self, url: str) -> None:
        """The endpoint that was made by hand in the Codat portal: all events, one of these at most."""
        known = [consumer for consumer in self.webhooks.consumers.values() if consumer.url == url]
        for consumer_id in {consumer.id for consumer in known} | {self._portal_consumer_id}:
            self.webhooks.remove(consumer_id)
        if url:
            consumer = Consumer(new_id(), url, list(events.EVENT_TYPES))
            self.webhooks.add(consumer)
            self._portal_consumer_id = consumer.id

    def pause(self, seconds: float) -> None:
        """Waits, but not beyond a reset."""
        if seconds > 0:
            self.closed.wait(seconds)

    def close(self) -> None:
        self.closed.set()
        self.rules.clear()
        self.timers.close()
        self.webhooks.close()

    def _apply(self, options: Options) -> None:
        for name, value in options.quota.items():
            setattr(self.quota, name, value)
        for order in options.rules:
            self.rules.add(order)
        if options.webhook_url:
            self.set_webhook_url(options.webhook_url)

    def _announce_quota(self, event_type: str, facts: dict[str, Any]) -> None:
        events.emit(self, event_type, facts)
        if event_type == "client.rateLimit.reached":
            self.timers.after(MIDNIGHT_LOOK_SECONDS, self._look_for_midnight)

    def _look_for_midnight(self) -> None:
        self.quota.roll()
        if self.quota.waits_for_midnight:
            self.timers.after(MIDNIGHT_LOOK_SECONDS, self._look_for_midnight)


def _profile(redirect_url: str) -> dict[str, Any]:
    parts = urlsplit(redirect_url)
    return {
        "name": PROFILE_NAME,
        "logoUrl": "",
        "iconUrl": "",
        "redirectUrl": redirect_url,
        "whiteListUrls": [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else [],
        "confirmCompanyName": False,
    }
