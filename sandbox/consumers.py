"""Who wants events, and how deliveries to them behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.events import Event


@dataclass
class Consumer:
    """An endpoint that wants events. A company tag filter is `key:value`; any one that matches will do."""

    id: str
    url: str
    event_types: list[str]
    company_tags: list[str] = field(default_factory=list)
    disabled: bool = False
    failing_since: float | None = None

    def wants(self, event: Event) -> bool:
        if event.event_type not in self.event_types and not event.is_for_all:
            return False
        return not self.company_tags or any(f"{key}:{value}" in self.company_tags for key, value in event.tags.items())

    def shown(self) -> dict[str, Any]:
        shown = {"id": self.id, "url": self.url, "disabled": self.disabled, "eventTypes": self.event_types}
        return shown | {"companyTags": self.company_tags}


@dataclass
class Manner:
    """How deliveries behave. `compress` divides every delay of the schedule."""

    off: bool = False  # the endpoint is away: events are missed, and can be replayed
    drop: bool = False  # events vanish for good
    duplicates: int = 0
    shuffle: bool = False  # what came together arrives newest first
    delay_seconds: float = 0.0
    compress: float = 1.0
    lanes: int = 4  # deliveries at once
