"""What Codat says about our own account there: integrations, profile, settings, webhook consumers, keys."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from .fields import (
    Json,
    as_object,
    list_in,
    number_in,
    object_in,
    readable,
    required_text,
    required_uuid,
    text_in,
    texts_in,
    time_in,
    truth_in,
)


@dataclass(frozen=True, slots=True)
class Integration:
    """A platform as our account has it. `enabled`: our customers may connect it."""

    key: str
    name: str
    enabled: bool
    source_type: str
    logo_url: str
    is_offline: bool
    is_beta: bool

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "integration")
        return cls(
            key=required_text(told, "key"),
            name=text_in(told, "name"),
            enabled=truth_in(told, "enabled"),
            source_type=text_in(told, "sourceType"),
            logo_url=text_in(told, "logoUrl"),
            is_offline=truth_in(told, "isOfflineConnector"),
            is_beta=truth_in(told, "isBeta"),
        )


@dataclass(frozen=True, slots=True)
class Branding:
    """Addresses of a platform's pictures; "" where Codat has none."""

    square_logo_url: str
    full_logo_url: str
    button_url: str
    button_hover_url: str

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "branding")
        logo, button = object_in(told, "logo"), object_in(told, "button")
        return cls(
            square_logo_url=_picture(logo, "square"),
            full_logo_url=_picture(logo, "full"),
            button_url=_picture(button, "default"),
            button_hover_url=_picture(button, "hover"),
        )


def _picture(told: Json, name: str) -> str:
    return text_in(object_in(object_in(told, name), "image"), "src")


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture without scripts, at most 512 KB, whose bytes are of the kind it claims."""

    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Opens one company to Codat's embedded scripts."""

    token: str = field(repr=False)
    expires_in_seconds: int

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "access token")
        return cls(token=required_text(told, "accessToken"), expires_in_seconds=number_in(told, "expiresIn") or 0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Our Codat client. Codat's PUT wants every field: change one with `dataclasses.replace`.

    The API key that old profiles carry is not read.
    """

    name: str
    redirect_url: str
    logo_url: str
    icon_url: str
    white_list_urls: tuple[str, ...]

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "profile")
        return cls(
            name=required_text(told, "name"),
            redirect_url=text_in(told, "redirectUrl"),
            logo_url=text_in(told, "logoUrl"),
            icon_url=text_in(told, "iconUrl"),
            white_list_urls=texts_in(told, "whiteListUrls"),
        )

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "redirectUrl": self.redirect_url,
            "logoUrl": self.logo_url,
            "iconUrl": self.icon_url,
            "whiteListUrls": list(self.white_list_urls),
        }


@dataclass(frozen=True, slots=True)
class SyncSetting:
    """How one data type is read. `sync_schedule_hours` 0: never by the clock."""

    data_type: str
    fetch_on_first_link: bool
    sync_schedule_hours: int
    sync_order: int
    months_to_sync: int | None
    sync_from_at: datetime | None
    is_locked: bool

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "sync setting")
        return cls(
            data_type=required_text(told, "dataType"),
            fetch_on_first_link=truth_in(told, "fetchOnFirstLink"),
            sync_schedule_hours=number_in(told, "syncSchedule") or 0,
            sync_order=number_in(told, "syncOrder") or 0,
            months_to_sync=number_in(told, "monthsToSync"),
            sync_from_at=time_in(told, "syncFromUtc"),
            is_locked=truth_in(told, "isLocked"),
        )


def sync_settings(told: object) -> tuple[SyncSetting, ...]:
    return readable(list_in(as_object(told, "sync settings"), "settings"), SyncSetting.from_json)


@dataclass(frozen=True, slots=True)
class WebhookConsumer:
    """An endpoint that Codat sends events to. No answer ever holds its signing secret."""

    id: UUID
    url: str
    event_types: tuple[str, ...]
    disabled: bool
    company_tags: tuple[str, ...]

    @classmethod
    def from_json(cls, told: object) -> Self:
        told = as_object(told, "webhook consumer")
        return cls(
            id=required_uuid(told, "id"),
            url=text_in(told, "url"),
            event_types=texts_in(told, "eventTypes"),
            disabled=truth_in(told, "disabled"),
            company_tags=texts_in(told, "companyTags"),
        )


def webhook_consumers(told: object) -> tuple[WebhookConsumer, ...]:
    return readable(list_in(as_object(told, "webhook consumers"), "results"), WebhookConsumer.from_json)
