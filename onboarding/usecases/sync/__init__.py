"""Sweeps: walks through Codat's list of companies that find what no event told.

`sweeps` walks, with `ahead` fetching the next page; `unchanged` lets the database tell what is as we know it,
`comparing` takes in the rest, `missing` asks about what a whole listing did not show, and `pace` says how often.
"""

from .pace import interval
from .sweeps import AlreadyRunning, look_at, preview, run, sweep_if_due

__all__ = ["AlreadyRunning", "interval", "look_at", "preview", "run", "sweep_if_due"]
