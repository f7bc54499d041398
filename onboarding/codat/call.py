"""What travels between the client's methods and the transport: a call, its limits, its raw answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

MAX_ANSWER_BYTES = 32 * 1024 * 1024  # a page of 5,000 companies is about 8 MB
MAX_ERROR_BYTES = 64 * 1024
CONNECT_SECONDS = 3.05  # just above a multiple of 3, as TCP repeats its first packet after that


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds, and how often a read is repeated.

    connect, read  for each try: to be connected, then to have the whole answer
    total          for the call with all its tries, or None
    """

    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = 15.0
    total_seconds: float | None = None
    read_retries: int = 2

    @classmethod
    def of(cls, timeout_seconds: float | tuple[float, float], read_retries: int) -> "Limits":
        """A pair is (connect, read) for each try; one number is the wall time of the whole call."""
        if isinstance(timeout_seconds, tuple):
            connect, read = timeout_seconds
            return cls(connect, read, None, read_retries)
        return cls(min(CONNECT_SECONDS, timeout_seconds), timeout_seconds, timeout_seconds, read_retries)


@dataclass(frozen=True, slots=True)
class Call:
    """What one of the client's methods asks for.

    `picture_url` is set for a picture that may lie elsewhere: then no key is sent, and `path` is unused.
    """

    operation: str
    method: str
    path: tuple[str | UUID, ...] = ()
    query: Mapping[str, str | int | None] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    key: UUID | None = None
    picture_url: str = field(default="", repr=False)
    max_bytes: int = MAX_ANSWER_BYTES

    @property
    def ids(self) -> str:
        """The ids in the path, for the log: never a name, a tag or a query."""
        return " ".join(str(part) for part in self.path if isinstance(part, UUID))


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with its headers and body, read to its end; an error's body perhaps cut short."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def correlation_id(self) -> str:
        return clean_id(self.headers.get("X-Correlation-Id", ""))


def clean_id(told: object) -> str:
    """A correlation id that is safe to log and to show to staff, or ""."""
    return told if isinstance(told, str) and re.fullmatch(r"[0-9A-Za-z-]{1,64}", told, re.ASCII) else ""
