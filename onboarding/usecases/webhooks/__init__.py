"""Webhook messages: taken in at once, handled in batches, put back, parked, replayed. The row is the queue.

`queue` keeps and claims the rows; `sorting` says what one message tells, `news` takes in a batch of them with
set-based statements, and `questions` asks Codat what they could not decide.
"""

from .queue import KILLERS_PARKED_AFTER, PARKED_AFTER, accept, drain, replay

__all__ = ["KILLERS_PARKED_AFTER", "PARKED_AFTER", "accept", "drain", "replay"]
