"""Logos, the only thing fetched from an address that came as data: bitmap pictures, small, and what they claim."""

from .account import Logo
from .call import Answer
from .errors import Garbled

MAX_LOGO_BYTES = 512 * 1024

# SVG is refused: it can carry scripts, and the portal serves the logos as its own.
_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def read_logo(answer: Answer) -> Logo:
    """Raises Garbled for anything but a PNG, JPEG, GIF or WebP that says so and is one."""
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    content_type = "image/jpeg" if content_type == "image/jpg" else content_type
    beginnings = _BEGINNINGS.get(content_type)
    if beginnings is None:
        raise Garbled("fetch_logo", reason="not a picture we show", status_code=answer.status_code)
    is_genuine = answer.body.startswith(beginnings)
    if content_type == "image/webp":
        is_genuine = is_genuine and answer.body[8:12] == b"WEBP"
    if not is_genuine:
        raise Garbled("fetch_logo", reason="not the picture it claims", status_code=answer.status_code)
    return Logo(answer.body, content_type)
