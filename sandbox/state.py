"""Companies and connections in a file, so that a demo goes on where it was."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sandbox.consumers import Consumer
from sandbox.store import Company, Connection
from sandbox.world import World

SAVE_EVERY_SECONDS = 3.0
FORMAT = 1


class State:
    """Saves when something changed, every few seconds and at the end. Without a file it does nothing."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._saved: tuple[World, int] | None = None
        self._current: Callable[[], World] | None = None
        self._stopping = Event()

    def load(self, world: World) -> None:
        """Fills the world from the file, if there is one that can be read; otherwise it starts empty."""
        if self._path is None or not self._path.exists():
            return
        try:
            kept = json.loads(self._path.read_text())
            if kept.get("format") != FORMAT:
                return
        except ValueError:
            return
        with world.lock:
            _restore(world, kept)
        self._saved = (world, world.store.version)

    def watch(self, current: Callable[[], World]) -> None:
        """Saves the current world from now on."""
        self._current = current
        if self._path is not None:
            Thread(target=self._run, name="state", daemon=True).start()

    def close(self) -> None:
        self._stopping.set()
        self._save()

    def _run(self) -> None:
        while not self._stopping.wait(SAVE_EVERY_SECONDS):
            self._save()

    def _save(self) -> None:
        if self._path is None or self._current is None:
            return
        world = self._current()
        with world.lock:
            now = (world, world.store.version)
            if now == self._saved:
                return
            text = json.dumps(_kept(world))
            self._saved = now
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, prefix=".sandbox", delete=False) as file:
            file.write(text)
        os.replace(file.name, self._path)


def _kept(world: World) -> dict[str, Any]:
    for company in world.store.ordered():
        world.reads.refresh(company)
    return {
        "format": FORMAT,
        "companies": [dataclasses.asdict(company) for company in world.store.ordered()],
        "consumers": [_consumer(consumer) for consumer in world.webhooks.consumers.values()],
        "enabled": world.enabled,
        "profile": world.profile,
        "syncSettings": world.sync_settings,
        "allowedOrigins": world.allowed_origins,
        "clientId": world.client_id,
        "quotaUsed": {"day": world.clock.today(), "used": world.quota.used},
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {**dataclasses.asdict(consumer), "failing_since": None}


def _restore(world: World, kept: dict[str, Any]) -> None:
    """What the command line sets (endpoint, redirect address) wins over what was kept."""
    urls = {consumer.url for consumer in world.webhooks.consumers.values()}
    for fields in kept["consumers"]:
        if fields["url"] not in urls:
            world.webhooks.add(Consumer(**fields))
    world.enabled |= {key: on for key, on in kept["enabled"].items() if key in world.enabled}
    redirect_url = world.profile["redirectUrl"] or kept["profile"]["redirectUrl"]
    world.profile = {**kept["profile"], "redirectUrl": redirect_url}
    world.sync_settings, world.allowed_origins = kept["syncSettings"], kept["allowedOrigins"]
    world.client_id = kept["clientId"]
    if kept["quotaUsed"]["day"] == world.clock.today():
        world.quota.used = kept["quotaUsed"]["used"]
    for fields in kept["companies"]:
        connections = [Connection(**connection) for connection in fields.pop("connections")]
        company = Company(**fields, connections=connections)
        world.store.add_company(company)
        world.reads.resume(company)
