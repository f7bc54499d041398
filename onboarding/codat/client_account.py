"""Calls about our own account at Codat: its integrations, profile, settings and webhook consumers."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from .account import (
    AccessToken,
    Branding,
    Integration,
    Logo,
    Profile,
    SyncSetting,
    WebhookConsumer,
    sync_settings,
    webhook_consumers,
)
from .answers import Page
from .call import Call
from .client_base import Caller
from .limits import date_of
from .links import check_link
from .pictures import MAX_LOGO_BYTES, read_logo


class AccountCalls(Caller):
    def list_integrations(self, *, page: int = 1, page_size: int = 100, query: str | None = None) -> Page[Integration]:
        asked = {"page": page, "pageSize": page_size, "query": query}
        reader = partial(Page.from_json, reader=Integration.from_json, page=page, page_size=page_size)
        return self._ask(Call("list_integrations", "GET", ("integrations",), asked), reader)

    def get_integration(self, key: str) -> Integration:
        return self._ask(Call("get_integration", "GET", ("integrations", key)), Integration.from_json)

    def get_branding(self, platform_key: str) -> Branding:
        """Addresses of a platform's pictures. Keep them: they hardly change."""
        return self._ask(Call("get_branding", "GET", ("integrations", platform_key, "branding")), Branding.from_json)

    def fetch_logo(self, url: str) -> Logo:
        """The picture at a `logo_url`. No key is sent, no redirect followed, no quota used.

        Raises Garbled for an address elsewhere than at Codat (see `links.check_link`), and for
        anything but a small PNG, JPEG, GIF or WebP.
        """
        address = check_link(url, self._transport.base_url)
        call = Call("fetch_logo", "GET", picture_url=address, max_bytes=MAX_LOGO_BYTES)
        return read_logo(self._transport.send(call, self._limits(), gate=None))

    def get_access_token(self, company_id: UUID) -> AccessToken:
        """For Codat's embedded scripts: one company, one day."""
        path = ("companies", company_id, "accessToken")
        return self._ask(Call("get_access_token", "GET", path), AccessToken.from_json)

    def get_profile(self) -> Profile:
        return self._ask(Call("get_profile", "GET", ("profile",)), Profile.from_json)

    def server_time(self) -> datetime | None:
        """Codat's clock, to the second, as a small answer tells it; None if it does not."""
        answer = self._transport.send(Call("server_time", "GET", ("profile",)), self._limits(), self._gate)
        return date_of(answer.headers)

    def update_profile(self, profile: Profile) -> Profile:
        """Codat replaces the whole profile: read it, `dataclasses.replace` a field, send it back."""
        return self._ask(Call("update_profile", "PUT", ("profile",), body=profile.to_json()), Profile.from_json)

    def profile_sync_settings(self) -> tuple[SyncSetting, ...]:
        return self._ask(Call("profile_sync_settings", "GET", ("profile", "syncSettings")), sync_settings)

    def company_sync_settings(self, company_id: UUID) -> tuple[SyncSetting, ...]:
        path = ("companies", company_id, "syncSettings")
        return self._ask(Call("company_sync_settings", "GET", path), sync_settings)

    def list_webhooks(self) -> tuple[WebhookConsumer, ...]:
        """All of them: Codat allows 50 and does not page."""
        return self._ask(Call("list_webhooks", "GET", ("webhooks",)), webhook_consumers)

    def create_webhook(self, *, url: str, event_types: Sequence[str], key: UUID) -> WebhookConsumer:
        """Register an endpoint. Its signing secret is shown in Codat's Portal only."""
        body = {"url": url, "eventTypes": list(event_types)}
        return self._ask(Call("create_webhook", "POST", ("webhooks",), body=body, key=key), WebhookConsumer.from_json)

    def delete_webhook(self, webhook_id: UUID) -> None:
        self._ask(Call("delete_webhook", "DELETE", ("webhooks", webhook_id)), lambda told: None)
