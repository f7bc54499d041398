"""Files that staff uploaded, kept in the database in pieces: web hosts and workers share no disk."""

import io
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from ...actors import Actor
from ...models import Upload, UploadPart
from .files import PIECE

KEPT = timedelta(days=1)  # an upload that nobody starts
KEPT_STARTED = timedelta(days=7)  # one that was stopped before its rows were stored
QUICK = 1  # zlib's level: rows of text shrink to a sixth, 50 MB in half a second


def keep(pieces: Iterable[bytes], *, name: str, by: Actor) -> Upload:
    """Keep a file, to be looked through from then on.

    Each part is a transaction of its own, compressed before it begins, so that on SQLite no other writer waits. What a
    process leaves that dies meanwhile is never due, and goes after a day.
    """
    upload = Upload.objects.create(name=name[:200], by=by.user)
    size = lines = 0
    for number, piece in enumerate(_evenly(pieces)):
        size, lines = size + len(piece), lines + piece.count(b"\n")
        UploadPart.objects.create(upload=upload, number=number, content=zlib.compress(piece, QUICK))
    upload.size, upload.lines, upload.not_before = size, lines, timezone.now()
    upload.save(update_fields=["size", "lines", "not_before"])
    return upload


def _evenly(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size, but for the last."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        while len(rest) >= PIECE:
            yield bytes(rest[:PIECE])
            del rest[:PIECE]
    if rest:
        yield bytes(rest)


def opened(upload: Upload) -> IO[bytes]:
    """The file, to be read once, from its beginning; a part at a time in memory."""
    return io.BufferedReader(_Joined(upload.parts.order_by("number").values_list("content", flat=True)), PIECE)


class _Joined(io.RawIOBase):
    def __init__(self, parts: "QuerySet[UploadPart, Any]") -> None:
        self._parts = parts.iterator(chunk_size=1)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = zlib.decompress(part)
        count = min(len(room), len(self._rest))
        room[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def find(uid: UUID) -> Upload | None:
    """An upload that is still here: its file is kept."""
    return Upload.objects.exclude(old()).filter(uid=uid).first()


def old(now: datetime | None = None) -> Q:
    """Those that are kept no longer."""
    moment = now or timezone.now()
    not_started = Q(batch=None, created_at__lt=moment - KEPT)
    return not_started | Q(created_at__lt=moment - KEPT_STARTED)
