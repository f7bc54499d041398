"""What staff pages need to show."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString

from onboarding.admin import cells, words
from onboarding.platforms import name_of

register = template.Library()


@register.filter
def iso_moment(text: str) -> str:
    """`1 May, 06:10` of a time as `Connection.reads` keeps it; nothing for one that is no time."""
    try:
        return words.when(datetime.fromisoformat(text)) if text else ""
    except ValueError:
        return ""


@register.filter
def when(at: datetime | None) -> str:
    """`Today, 11:20` or `1 May, 06:10`; nothing for no time."""
    return words.when(at) if at else ""


@register.filter
def short_day(at: datetime | None) -> str:
    return words.day(at) if at else ""


@register.filter
def low_first(text: str) -> str:
    """`Delete company at Codat` within a sentence."""
    return text[:1].lower() + text[1:]


@register.filter
def platform_name(key: str) -> str:
    return name_of(key)


@register.inclusion_tag("admin/keyset_results.html")
def list_rows(cl: Any) -> dict[str, Any]:
    """The table of a list's page."""
    return {"cl": cl, "heads": cells.heads(cl), "body": cells.body(cl)}


@register.simple_tag
def filter_choices(choices: Iterable[dict[str, Any]]) -> SafeString:
    """The choices of a list's filter."""
    return cells.choices(choices)
