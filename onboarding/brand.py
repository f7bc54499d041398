"""The operator's name, products, colour and support contact: settings, in the reader's language.

A text setting may hold both languages, English first: `Monday to Friday|du lundi au vendredi`.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

PAPER, ON_PRIMARY, ON_PRIMARY_DARK = "#EFF4EC", "#FFFFFF", "#06242B"  # of tokens.css
LEAST_CONTRAST = 4.5  # WCAG 2.2 AA, text of normal size
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Support:
    """How customers reach people. `phone_href` is the number as telephones dial it."""

    phone: str
    phone_href: str
    email: str
    hours: str


def in_language(text: str) -> str:
    """The reader's half of a setting that holds both languages, or all of one that does not."""
    english, _bar, french = text.partition("|")
    return french.strip() if french and get_language() == "fr" else english.strip()


def name() -> str:
    return in_language(settings.BRAND_NAME)


def product_name(product: str) -> str:
    """What customers call the operator's product: `Alderway Bills`."""
    told = settings.PRODUCT_NAMES.get(product, "")
    if told:
        return in_language(told)
    if product == "expenses":
        return _("%(brand)s Expenses") % {"brand": name()}
    return _("%(brand)s Bills") % {"brand": name()}


def product_url(product: str) -> str:
    """Where `Go to {product}` leads; empty if the operator has not said."""
    return str(settings.PRODUCT_URLS.get(product, ""))


def support() -> Support:
    phone = in_language(settings.SUPPORT_PHONE)
    hours = in_language(settings.SUPPORT_HOURS) or _("Monday to Friday, 8am to 6pm")
    return Support(phone, "tel:" + re.sub(r"[^\d+]", "", phone), in_language(settings.SUPPORT_EMAIL), hours)


@lru_cache(maxsize=4)
def logo(path: str) -> tuple[bytes, str, str]:
    """The operator's logo: its bytes, media type and digest. Raises OSError if there is no such file."""
    body = (Path(settings.BASE_DIR) / path).read_bytes()
    return body, LOGO_TYPES.get(Path(path).suffix.lower(), "image/png"), hashlib.sha256(body).hexdigest()[:16]


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def objection(primary: str) -> str:
    """Why a colour will not do as BRAND_PRIMARY; empty if it will."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", primary):
        return "it is not a colour written as #rrggbb"
    ratio = contrast(primary, ON_PRIMARY)
    return f"white text on it has a contrast of {ratio:.1f}:1, under 4.5:1" if ratio < LEAST_CONTRAST else ""


@lru_cache(maxsize=4)
def stylesheet(primary: str) -> str:
    """The operator's colour in both themes, as a stylesheet to follow tokens.css; empty if it will not do."""
    if not primary or objection(primary):
        return ""
    link = f"--link:{primary};" if contrast(primary, PAPER) >= LEAST_CONTRAST else ""
    light = f"--primary:{primary};--mark:{primary};--primary-hover:{_mix(primary, 0, 0.2)};"
    light += f"--primary-edge:{_mix(primary, 0, 0.5)};{link}"
    pale = next(shade for shade in _paler(primary) if contrast(shade, ON_PRIMARY_DARK) >= 7)
    dark = f"--primary:{pale};--mark:{primary};--primary-hover:{_mix(pale, 255, 0.3)};"
    dark += f"--primary-edge:{_mix(pale, 0, 0.4)};--link:{pale};"
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _paler(colour: str) -> list[str]:
    return [_mix(colour, 255, step / 20) for step in range(21)]


def _mix(colour: str, towards: int, share: float) -> str:
    return "#" + "".join(f"{round(part + (towards - part) * share):02x}" for part in _parts(colour))


def _parts(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
