"""Where mails go in the demo: a folder that /demo/mail/ shows and `make run` tells of in the terminal."""

import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage as Outgoing
from django.core.mail.backends.base import BaseEmailBackend

WORTH_SHOWING = re.compile(r"^\s*(\d{6}|https?://\S+)\s*$", re.MULTILINE)  # what a person would type or press
LOOK_SECONDS = 0.5


class Mailbox(BaseEmailBackend):
    """Each mail becomes a file, whole or not at all."""

    def send_messages(self, email_messages: Sequence[Outgoing]) -> int:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"
            draft = folder / f".{name}.tmp"
            draft.write_bytes(message.message().as_bytes())
            os.replace(draft, folder / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Letter:
    name: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str

    @classmethod
    def read(cls, path: Path) -> "Letter":
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        at = datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, UTC)
        return cls(path.stem, at, str(mail["To"]), str(mail["Subject"]), _part(mail, "plain"), _part(mail, "html"))

    def announced(self) -> str:
        """To whom, about what, and its codes and links, in a line each."""
        found = dict.fromkeys(WORTH_SHOWING.findall(self.text))
        return "\n".join([f"    mail | to {self.to}: {self.subject}", *(f"         |   {line}" for line in found)])


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def newest(limit: int) -> list[Letter]:
    files = sorted(Path(settings.MAIL_DIR).glob("*.eml"), reverse=True)
    return [Letter.read(path) for path in files[:limit]]


def find(name: str) -> Letter | None:
    path = Path(settings.MAIL_DIR) / f"{name}.eml"
    return Letter.read(path) if path.is_file() else None


def announce_new(say: Callable[[str], None]) -> None:
    """Tell of every mail that comes from now on; for a thread of its own, for it never ends."""
    folder = Path(settings.MAIL_DIR)
    known = {path.name for path in folder.glob("*.eml")}
    while True:
        time.sleep(LOOK_SECONDS)
        for path in sorted(folder.glob("*.eml")):
            if path.name not in known:
                known.add(path.name)
                say(Letter.read(path).announced())
