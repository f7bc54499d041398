"""Who does a thing, and why: every use case that acts takes one as `by`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .lifecycle import Source

if TYPE_CHECKING:
    from .models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """`user` is None for the clock and for a command run without `--as`."""

    source: Source
    user: "User | None" = None
    reason: str = ""

    @classmethod
    def customer(cls, user: "User") -> "Actor":
        return cls(Source.CUSTOMER, user)

    @classmethod
    def staff(cls, user: "User", reason: str = "") -> "Actor":
        return cls(Source.STAFF, user, reason)

    @classmethod
    def command(cls, user: "User | None" = None, reason: str = "") -> "Actor":
        return cls(Source.COMMAND, user, reason)


CLOCK = Actor(Source.WORKER)
