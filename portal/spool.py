"""The broker of one machine: kombu's file-system transport, with the one hole that loses messages closed."""

import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

ADDRESS = "spool://localhost//"
KEPT_SECONDS = 60  # a taken message; nobody reads it again
FOLDERS = ("queue", "control", "processed")


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Write aside, then rename. As shipped, a reader can take the file before it is filled, and dies of it."""
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        draft = Path(self.data_folder_out, f".{name}.tmp")
        draft.write_text(dumps(payload))
        os.replace(draft, Path(self.data_folder_out, name))


class Transport(filesystem.Transport):
    Channel = Channel
    polling_interval = 0.1  # seconds; kombu's own 1.0 makes every task wait


TRANSPORT_ALIASES["spool"] = "portal.spool:Transport"


def options(folder: Path) -> dict[str, Any]:
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
        "store_processed": True,  # taking a message is then one rename
    }


def create(folder: Path) -> None:
    """The folders; they lie on one file system, so that a rename is atomic."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)


def empty(folder: Path) -> None:
    """Forget every message and start afresh: each was a hint, its row says what is due.

    For `make run` before its processes start; nobody may be reading or writing.
    """
    shutil.rmtree(folder, ignore_errors=True)
    create(folder)


def clear(folder: Path, now: float) -> int:
    """Remove what was taken a while ago, and drafts of writers that died. Returns how many."""
    old = [*(folder / "processed").glob("*.msg"), *(folder / "queue").glob(".*.tmp")]
    count = 0
    for path in old:
        try:
            if now - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # another process cleared it
    return count
