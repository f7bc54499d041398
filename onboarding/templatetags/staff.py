"""What staff pages need to show."""

from datetime import datetime

from django import template

from onboarding.admin import words
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
def platform_name(key: str) -> str:
    return name_of(key)
