"""Dates, tiles, badges, buttons and the bridge, for every page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from onboarding import brand, dates
from onboarding.words import Item

register = template.Library()


register.filter(dates.day)
register.filter(dates.clock)
register.filter(dates.moment)


@register.filter
def last_checked(value: datetime | None) -> str:
    """`Last checked at 14:02.`; with the day when that is not today."""
    is_near = value is None or dates.is_today(value)
    said = _("Last checked at %(time)s.") if is_near else _("Last checked on %(date)s at %(time)s.")
    return said % {"date": dates.day(value), "time": dates.clock(value)}


@register.filter
def utc(value: datetime | None) -> str:
    """`2026-05-04 14:03:27 UTC`, to be read out to support."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value else ""


@register.filter
def unbroken(text: str) -> SafeString:
    """A telephone number or a reference, which people read out: never over two lines."""
    return format_html('<span class="nowrap">{}</span>', text)


@register.inclusion_tag("onboarding/_badge.html")
def badge(kind: str, icon: str, label: str) -> dict[str, str]:
    """A status: colour, icon and always the word."""
    return {"kind": kind, "icon": icon, "words": label}


@register.inclusion_tag("onboarding/_bridge.html")
def bridge(scene: Any) -> dict[str, Any]:
    """Your software, a line, our product: the same picture on every connection page."""
    return {"bridge": scene}


@register.inclusion_tag("onboarding/_tile.html")
def tile(platform: Any) -> dict[str, Any]:
    return {"platform": platform}


@register.inclusion_tag("onboarding/_steps.html")
def steps(now: int) -> dict[str, Any]:
    """The four steps of connecting; `now` is 1 to 4."""
    words = (_("Choose"), _("Get ready"), _("Approve"), _("First read"))
    rows = [(number, word, _place(number, now)) for number, word in enumerate(words, 1)]
    return {"rows": rows, "now": now, "word": words[now - 1]}


def _place(number: int, now: int) -> str:
    return "done" if number < now else "now" if number == now else "next"


@register.inclusion_tag("onboarding/_post_button.html", takes_context=True)
def post_button(context: template.Context, action: str, words: str, **options: Any) -> dict[str, Any]:
    """A button that changes something: a form of its own.

    Options: kind (primary, secondary, danger, link), icon, icon_first, busy (its words while it works),
    name and value of one hidden field. Staff who look at a customer's page see it, and it does nothing.
    """
    return {"action": action, "words": words, "kind": "primary", "read_only": context.get("read_only"), **options}


@register.inclusion_tag("onboarding/_link_button.html", takes_context=True)
def link_button(context: template.Context, href: str, words: str, **options: Any) -> dict[str, Any]:
    """A link that looks like a button. Options: kind, icon."""
    return {"href": href, "words": words, "kind": "primary", "read_only": context.get("read_only"), **options}


@register.inclusion_tag("onboarding/_action.html", takes_context=True)
def action(context: template.Context, told: Any, kind: str = "primary") -> dict[str, Any]:
    """The button of a scene: a link, or a form of its own."""
    return {"action": told, "kind": kind, "read_only": context.get("read_only")}


@register.simple_block_tag
def notice(content: SafeString, kind: str, icon: str) -> SafeString:
    """`{% notice "warn" "triangle" %}…{% endnotice %}`: an icon in the margin column, a white body."""
    return render_to_string("onboarding/_notice.html", {"kind": kind, "icon": icon, "body": content})


@register.inclusion_tag("onboarding/_help.html")
def help_block(ref: str) -> dict[str, Any]:
    """How to reach people: the same words in the same place on every page, with the reference if there is one."""
    support = brand.support()
    return {
        "ref": ref,
        "ref_words": format_html("<b>{}</b>", ref),
        "hours": support.hours,
        "phone_link": format_html('<a href="{}">{}</a>', support.phone_href, support.phone),
        "email_link": format_html('<a href="mailto:{}">{}</a>', support.email, support.email),
    }


NOTICES = {"error": ("bad", "octagon"), "warning": ("warn", "triangle"), "success": ("ok", "check")}


@register.filter
def notice_kind(level: str) -> str:
    return NOTICES.get(level, ("run", "info"))[0]


@register.filter
def notice_icon(level: str) -> str:
    return NOTICES.get(level, ("run", "info"))[1]


@register.filter
def split_lines(text: str) -> list[str]:
    """A message's title and text: the title is its first line, if it has several."""
    return str(text).splitlines()


@register.filter
def in_a_line(items: Sequence[Item]) -> str:
    """`Company details, suppliers, bills.`: names in one sentence."""
    names = [str(item.name) for item in items]
    return ", ".join([names[0], *(name[:1].lower() + name[1:] for name in names[1:])]) + "."


@register.filter
def without_stop(text: str) -> str:
    """A sentence as a label: without its last full stop."""
    return str(text).removesuffix(".")


@register.inclusion_tag("onboarding/_checked.html")
def checked_line(at: datetime | None) -> dict[str, Any]:
    """`This page updates by itself. Last checked at 14:02.`, with the last sentence where a fragment renews it."""
    return {"at": at}
