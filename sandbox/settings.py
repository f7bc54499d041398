"""The switches of the sandbox. Every one can be set at start or changed while it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError


@dataclass
class Settings:
    """How this Codat behaves where Codat's clients differ, and where its documentation is silent."""

    api_key: str = "demo-key"
    webhook_secret: str = ""
    products: list[str] = field(default_factory=lambda: ["payables", "payables-v2", "expenses"])
    company_limit: int | None = None  # 50 on a free or trial account
    one_time_links: bool = True
    link_host: str = ""  # another name of this machine in link URLs, such as localhost
    software_host: str = ""  # Link hands on to this name before the software's page
    latency_seconds: float = 0.0  # of every answer
    read_seconds: float = 12.0  # how long a read of all data types takes
    read_outcomes: dict[str, str] = field(default_factory=dict)  # data type -> how its next read ends
    desktop_stays_queued: bool = False  # QuickBooks Desktop outside its evening window
    partner_events: bool = True
    connection_events_on_company_delete: bool = False
    integration_key: bool = True  # whether connections carry integrationKey
    extra_fields: bool = False
    mixed_timestamps: bool = False  # with 0 to 7 fraction digits, an offset, or without zone
    endless_pages: bool = False
    moving_rows: int = 0  # rows that move to the end of the listing after each of its pages

    def update(self, changes: Mapping[str, Any]) -> None:
        """Raises a 400 refusal for a switch that does not exist."""
        known = {setting.name for setting in dataclasses.fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ApiError(400, f"No such setting: {', '.join(unknown)}.")
        for name, value in changes.items():
            setattr(self, name, value)

    def copy(self) -> Settings:
        return dataclasses.replace(self, products=list(self.products), read_outcomes=dict(self.read_outcomes))


@dataclass
class Options:
    """What the command line says: where to listen, and how a fresh sandbox begins."""

    host: str = "127.0.0.1"
    port: int = 8090
    public_url: str = ""
    redirect_url: str = ""
    webhook_url: str = ""
    state_file: str = ""
    settings: Settings = field(default_factory=Settings)
    quota: dict[str, Any] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
