"""Small PNG pictures of the platforms: initials on a rounded block of the platform's colour."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

from sandbox.platforms import Platform

_LETTERS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01111 10000 10000 10000 10000 10000 01111",
    "D": "11110 10001 10001 10001 10001 10001 11110",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "11111 00100 00100 00100 00100 00100 11111",
    "M": "10001 11011 10101 10101 10001 10001 10001",
    "N": "10001 11001 10101 10101 10011 10001 10001",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "Q": "01110 10001 10001 10001 10101 10010 01101",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "W": "10001 10001 10001 10101 10101 11011 10001",
    "X": "10001 10001 01010 00100 01010 10001 10001",
    "Z": "11111 00001 00010 00100 01000 10000 11111",
}
LETTER_WIDTH, LETTER_HEIGHT, GAP = 5, 7, 1
SIZES = {"square": (96, 96), "full": (240, 96), "button": (240, 56)}


@lru_cache(maxsize=256)
def png(platform: Platform, shape: str, *, darker: bool = False) -> bytes:
    """The picture in one of the three shapes, with transparent corners."""
    width, height = SIZES[shape]
    colour = _rgb(platform.colour, 0.82 if darker else 1.0)
    ink = _ink(platform.initials, width, height)
    radius = height // 5
    rows = []
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            if _outside(x, y, width, height, radius):
                row += b"\0\0\0\0"
            else:
                row += b"\xff\xff\xff\xff" if (x, y) in ink else bytes((*colour, 255))
        rows.append(bytes(row))
    return _file(width, height, b"".join(rows))


def _rgb(colour: str, brightness: float) -> tuple[int, ...]:
    return tuple(int(int(colour[at : at + 2], 16) * brightness) for at in (1, 3, 5))


def _ink(initials: str, width: int, height: int) -> set[tuple[int, int]]:
    """The pixels of the initials, centred."""
    columns = len(initials) * (LETTER_WIDTH + GAP) - GAP
    scale = max(1, min(width * 6 // 10 // columns, height * 6 // 10 // LETTER_HEIGHT))
    left, top = (width - columns * scale) // 2, (height - LETTER_HEIGHT * scale) // 2
    pixels = set()
    for position, letter in enumerate(initials):
        for row, bits in enumerate(_LETTERS[letter].split()):
            for column, bit in enumerate(bits):
                if bit == "1":
                    x0, y0 = left + (position * (LETTER_WIDTH + GAP) + column) * scale, top + row * scale
                    pixels |= {(x0 + dx, y0 + dy) for dx in range(scale) for dy in range(scale)}
    return pixels


def _outside(x: int, y: int, width: int, height: int, radius: int) -> bool:
    """Whether the pixel lies beyond a rounded corner."""
    dx = max(radius - x, x - (width - 1 - radius), 0)
    dy = max(radius - y, y - (height - 1 - radius), 0)
    return dx * dx + dy * dy > radius * radius


def _file(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
