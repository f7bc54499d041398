"""Mails to people: one function for each occasion, each a row or two in the caller's own transaction.

The rows leave by `send_due`; reminders come by the clock, in `reminders`. What they say stands in `wording`.
"""

from .occasions import connected, ended, expired, note_pressed, pc_link, quiet, refuse_reminders, unfinished
from .outbox import enqueue, send_due

__all__ = [
    "connected",
    "ended",
    "enqueue",
    "expired",
    "note_pressed",
    "pc_link",
    "quiet",
    "refuse_reminders",
    "send_due",
    "unfinished",
]
