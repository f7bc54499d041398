"""Where mails go in the demo: a folder that /demo/mail/ shows, and a few lines in the terminal."""

import os
import re
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

WORTH_SHOWING = re.compile(r"^\s*(\d{6}|https?://\S+)\s*$", re.MULTILINE)


class Mailbox(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"
            draft = folder / f".{name}.tmp"
            draft.write_bytes(message.message().as_bytes())
            os.replace(draft, folder / f"{name}.eml")
            sys.stdout.write(announcement(message))
            sys.stdout.flush()
        return len(email_messages)


def announcement(message: EmailMessage) -> str:
    """To whom, about what, and what a person would press or type."""
    lines = [f"mail to {', '.join(message.to)}: {message.subject}"]
    lines += [f"     {found}" for found in dict.fromkeys(WORTH_SHOWING.findall(str(message.body)))]
    return "\n".join(lines) + "\n"
