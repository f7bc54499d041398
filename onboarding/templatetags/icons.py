"""Our own icon set: 24 by 24, strokes of 2, round caps. Decoration only: the word stands beside each."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

SHAPES = {
    "arrow": '<path d="M4 12h16M13 5l7 7-7 7"/>',
    "back": '<path d="M20 12H4M11 5l-7 7 7 7"/>',
    "broken": '<path d="M12.5 7.5l2-2a3.5 3.5 0 0 1 5 5l-2 2M11.5 16.5l-2 2a3.5 3.5 0 0 1-5-5l2-2'
    'M6.5 8.5L4 7.5M8.5 6.5L7.5 4M17.5 15.5l2.5 1M15.5 17.5l1 2.5"/>',
    "check": '<path d="M4.5 12.5l5 5L19.5 7"/>',
    "chevron": '<path d="M9 5l7 7-7 7"/>',
    "circle": '<circle cx="12" cy="12" r="9"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.5l3.5 2"/>',
    "computer": '<rect x="2.5" y="4" width="19" height="12.5" rx="1.5"/><path d="M8.5 20.5h7M12 16.5v4"/>',
    "cross": '<path d="M6 6l12 12M18 6L6 18"/>',
    "dash": '<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>',
    "envelope": '<rect x="2.5" y="5" width="19" height="14" rx="2"/><path d="M3 7.5l9 6 9-6"/>',
    "external": '<path d="M14 4h6v6M20 4l-9 9M18 13.5V19a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 19V7.5'
    'A1.5 1.5 0 0 1 5 6h5.5"/>',
    "eye": '<path d="M1.8 12S5.5 5.5 12 5.5 22.2 12 22.2 12 18.5 18.5 12 18.5 1.8 12 1.8 12z"/>'
    '<circle cx="12" cy="12" r="3"/>',
    "filled": '<circle cx="12" cy="12" r="10" fill="currentColor" stroke="none"/>'
    '<path d="M7.5 12.5l3 3 6-6.5" class="cut"/>',
    "half": '<circle cx="12" cy="12" r="9"/><path d="M12 3a9 9 0 0 1 0 18z" fill="currentColor" stroke="none"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11.5V16M12 8v.01"/>',
    "lock": '<rect x="4.5" y="11" width="15" height="9.5" rx="2"/><path d="M8 11V7.5a4 4 0 0 1 8 0V11"/>',
    "mark": '<circle cx="12" cy="12" r="4.6"/><path d="M3.5 9.7h4.3M3.5 14.3h4.3M16.2 9.7h4.3M16.2 14.3h4.3"/>',
    "octagon": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z"/><path d="M12 7.5v5M12 16v.01"/>',
    "pause": '<path d="M9 5v14M15 5v14"/>',
    "person": '<circle cx="12" cy="8" r="4.5"/><path d="M4 21c.5-4.5 3.5-7 8-7s7.5 2.5 8 7"/>',
    "phone": '<rect x="6.5" y="2.5" width="11" height="19" rx="2"/><path d="M12 18v.01"/>',
    "plus": '<path d="M12 4.5v15M4.5 12h15"/>',
    "refresh": '<path d="M20 12a8 8 0 0 0-14-5.3L3.5 9M3.5 4v5h5M4 12a8 8 0 0 0 14 5.3l2.5-2.3M20.5 20v-5h-5"/>',
    "todo": '<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5M12 16v.01"/>',
    "triangle": '<path d="M12 3.5L2 20.5h20z"/><path d="M12 10v4.5M12 17.5v.01"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The named icon, inline, hidden from screen readers."""
    return format_html(
        '<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(SHAPES[name]),  # noqa: S308  our own constants
    )
