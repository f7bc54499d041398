"""Reads of data types: how they progress, end, and are announced."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import events
from sandbox.datatypes import ENDS, PHASES, TROUBLE
from sandbox.store import Company, Connection, new_id

if TYPE_CHECKING:
    from sandbox.world import World

QUICKBOOKS_DESKTOP = "pqsw"
KEPT_PULLS = 200  # of one company
STAGGER = 0.4  # the last data type begins when this part of the time has gone


@dataclass(slots=True, eq=False)
class Run:
    """Some data types of one connection being read together."""

    company: Company
    connection: Connection
    pulls: list[dict[str, Any]]
    is_initial: bool
    began: float
    seconds: float
    outcomes: dict[str, str] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Some data type has been ordered to stay where it is, so the run does not end."""
        return any(outcome not in ENDS for outcome in self.outcomes.values())

    def status_of(self, number: int, pull: dict[str, Any], now: float) -> tuple[str, int]:
        """(status, progress in percent) of the n-th data type at this moment."""
        outcome = self.outcomes.get(pull["dataType"], "Complete")
        if outcome not in ENDS:
            return outcome, 0
        start = STAGGER * self.seconds * number / max(1, len(self.pulls))
        share = (now - self.began - start) / max(0.001, (1 - STAGGER) * self.seconds)
        if share >= 1:
            return outcome, 100
        return PHASES[max(0, int(share * len(PHASES)))], max(0, int(share * 100))


class Reads:
    """The runs in progress. Every call needs the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[str, list[Run]] = {}

    def start(
        self, company: Company, connection: Connection, *, is_initial: bool, types: Iterable[str] = ()
    ) -> list[dict]:
        """Begins to read these data types, or all that are fetched on first link; returns the pull operations."""
        settings = self._world.settings
        names = list(types) or self._first_link_types(company)
        pulls = [self._new_pull(company, connection, name) for name in names if not self.is_reading(company, name)]
        run = Run(company, connection, pulls, is_initial, time.monotonic(), settings.read_seconds)
        run.outcomes = {name: settings.read_outcomes[name] for name in names if name in settings.read_outcomes}
        if settings.desktop_stays_queued and connection.platform_key == QUICKBOOKS_DESKTOP:
            run.outcomes = dict.fromkeys(names, "Queued")
        self._runs.setdefault(company.id, []).append(run)
        if settings.read_seconds <= 0 and not run.is_held:
            self._finish(run)
        else:
            self._world.timers.after(max(0.0, settings.read_seconds), lambda: self._timed_out(run))
        return pulls

    def order(self, company: Company, connection: Connection, default: str, outcomes: dict[str, str]) -> None:
        """Sets where the reads stand. When every status is an end, they end now and are announced."""
        run = next(iter(self._runs.get(company.id, ())), None)
        if run is None:
            pulls = [self._new_pull(company, connection, name) for name in self._first_link_types(company)]
            run = Run(company, connection, pulls, not company.last_sync, time.monotonic(), 0.0)
            self._runs.setdefault(company.id, []).append(run)
        run.outcomes = {pull["dataType"]: default for pull in run.pulls} | outcomes
        if run.is_held:
            self.refresh(company)
        else:
            self._finish(run)

    def refresh(self, company: Company) -> None:
        """Brings the pull operations of the company up to this moment."""
        now = time.monotonic()
        for run in self._runs.get(company.id, ()):
            for number, pull in enumerate(run.pulls):
                status, progress = run.status_of(number, pull, now)
                self._set(company, pull, status, progress)

    def is_reading(self, company: Company, data_type: str) -> bool:
        return any(pull["dataType"] == data_type for run in self._runs.get(company.id, ()) for pull in run.pulls)

    def stop(self, connection: Connection, status: str) -> None:
        """Ends what is being read from this connection without any announcement: access is gone."""
        runs = self._runs.get(connection.company_id, [])
        for run in [run for run in runs if run.connection is connection]:
            runs.remove(run)
            for pull in run.pulls:
                if pull["status"] not in ENDS:
                    self._set(run.company, pull, status, 0)

    def resume(self, company: Company) -> None:
        """Begins anew what was being read when the sandbox was stopped."""
        unfinished = [pull for pull in company.pulls or [] if pull["status"] not in ENDS]
        connection = self._world.store.connections.get(unfinished[0]["connectionId"]) if unfinished else None
        if connection is None:
            return
        seconds = self._world.settings.read_seconds
        run = Run(company, connection, unfinished, not company.last_sync, time.monotonic(), seconds)
        self._runs.setdefault(company.id, []).append(run)
        self._world.timers.after(seconds, lambda: self._timed_out(run))

    def _timed_out(self, run: Run) -> None:
        with self._world.lock:
            if run in self._runs.get(run.company.id, ()) and not run.is_held:
                self._finish(run)

    def _finish(self, run: Run) -> None:
        company, connection = run.company, run.connection
        for pull in run.pulls:
            self._set(company, pull, run.outcomes.get(pull["dataType"], "Complete"), 100)
        self._runs[company.id].remove(run)
        if any(pull["status"] == "Complete" for pull in run.pulls):
            company.last_sync = connection.last_sync = self._world.clock.stamp()
        self._world.store.version += 1
        events.tell_read(self._world, company, run.pulls, is_initial=run.is_initial)

    def _new_pull(self, company: Company, connection: Connection, data_type: str) -> dict[str, Any]:
        pull = {
            "id": new_id(),
            "companyId": company.id,
            "connectionId": connection.id,
            "dataType": data_type,
            "status": "Initial",
            "requested": self._world.clock.stamp(),
            "progress": 0,
            "isCompleted": False,
            "isErrored": False,
        }
        company.pulls = [*(company.pulls or []), pull][-KEPT_PULLS:]
        self._note(company, pull)
        self._world.store.version += 1
        return pull

    def _set(self, company: Company, pull: dict[str, Any], status: str, progress: int) -> None:
        if pull["status"] in ENDS:
            return
        pull |= {"status": status, "progress": progress}
        if status in ENDS:
            pull |= {"completed": self._world.clock.stamp(), "isCompleted": status == "Complete"}
            pull |= {"isErrored": status in TROUBLE, "errorMessage": TROUBLE.get(status)}
        self._note(company, pull)

    def _note(self, company: Company, pull: dict[str, Any]) -> None:
        """Keeps what `dataStatus` shows of this data type."""
        company.datasets = company.datasets if company.datasets is not None else {}
        shown = company.datasets.setdefault(pull["dataType"], {"dataType": pull["dataType"]})
        shown |= {"currentStatus": pull["status"], "latestSyncId": pull["id"]}
        if pull["status"] == "Complete":
            shown |= {"lastSuccessfulSync": pull["completed"], "latestSuccessfulSyncId": pull["id"]}

    def _first_link_types(self, company: Company) -> list[str]:
        settings = (company.sync_settings or self._world.sync_settings)["settings"]
        return [setting["dataType"] for setting in settings if setting["fetchOnFirstLink"]]
