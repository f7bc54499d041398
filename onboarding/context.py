"""What every page's frame shows, whatever the page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from . import brand

OTHER = {"en": ("fr", "Français"), "fr": ("en", "English")}


def frame(request: HttpRequest) -> dict[str, Any]:
    """The operator's brand and support contact, and the other language. No queries."""
    code, words = OTHER.get(get_language() or "en", OTHER["en"])
    return {
        "brand": brand.name(),
        "brand_logo": _logo_url(),
        "has_brand_colour": bool(brand.stylesheet(settings.BRAND_PRIMARY)),
        "support": brand.support(),
        "other_language": code,
        "other_language_words": words,
    }


def _logo_url() -> str:
    if not settings.BRAND_LOGO:
        return ""
    try:
        digest = brand.logo(settings.BRAND_LOGO)[2]
    except OSError:
        return ""
    return reverse("brand_logo", args=[digest])
