"""A list's heads, rows and choices of its filters as HTML. What holds for a whole column is found out once.

As the stock admin draws them. Its templates would look up each word of each cell, and there are hundreds.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import display_for_field, display_for_value, quote
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, Field, ForeignKey, Model, TimeField
from django.template.defaultfilters import capfirst
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

MOMENTS = (datetime.date, datetime.time)
SELECTED = (' class="selected"', ' aria-current="true"')

_escaped = lru_cache(maxsize=1000)(escape)  # words of columns and filters come again on every page


def heads(page: Any) -> SafeString:
    """The heads of the columns."""
    found = []
    for head in result_headers(page):
        text = conditional_escape(capfirst(str(head["text"])))
        found.append(f'<th scope="col"{head["class_attrib"]}><div class="text">{text}</div></th>')
    return mark_safe("\n".join(found))  # noqa: S308  each head is escaped


def body(page: Any) -> SafeString:
    return mark_safe("\n".join([f"<tr>{row}</tr>" for row in rows(page)]))  # noqa: S308  each row is escaped


def rows(page: Any) -> list[SafeString]:
    """Every row of a change list's page: its cells in a line."""
    if not page.result_list:
        return []
    columns, address = [_column(page, name) for name in page.list_display], _address(page)
    return [
        mark_safe("".join(column.cell(row, address) for column in columns))  # noqa: S308  each cell is escaped
        for row in page.result_list
    ]


def choices(offered: Iterable[dict[str, Any]]) -> SafeString:
    """The choices of a filter, as list items; the chosen one is marked."""
    found = []
    for each in offered:
        css, aria = SELECTED if each["selected"] else ("", "")
        address, words = _escaped(each["query_string"]), _escaped(str(each["display"]))
        found.append(f'<li{css}><a href="{address}"{aria}>{words}</a></li>')
    return mark_safe("\n  ".join(found))  # noqa: S308  each part is escaped


@dataclass(frozen=True, slots=True)
class _Column:
    """`show` gives a row's value, and whether it is not to be wrapped."""

    css: str
    is_link: bool
    show: Callable[[Model], tuple[Any, bool]]

    def cell(self, row: Model, address: Callable[[Model], str]) -> str:
        value, is_whole = self.show(row)
        css = f"{self.css} nowrap" if is_whole else self.css
        text = _escaped(value) if type(value) is str else conditional_escape(value)
        if self.is_link:
            return f'<th class="{css}"><a href="{conditional_escape(address(row))}">{text}</a></th>'
        return f'<td class="{css}">{text}</td>'


def _column(page: Any, name: str) -> _Column:
    css = "action-checkbox" if name == "action_checkbox" else f"field-{name}"
    field = _field(page.model, name)
    show = _of_field(page, field) if field else _of_method(page, name)
    return _Column(css, name in (page.list_display_links or ()), show)


def _field(model: type[Model], name: str) -> "Field[Any, Any] | None":
    try:
        found = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _of_field(page: Any, field: "Field[Any, Any]") -> Callable[[Model], tuple[Any, bool]]:
    empty, is_whole = page.model_admin.get_empty_value_display(), isinstance(field, DateField | TimeField | ForeignKey)

    def show(row: Model) -> tuple[Any, bool]:
        value = getattr(row, field.name)
        if isinstance(field, ForeignKey):
            return (empty if value is None else value), is_whole
        return display_for_field(value, field, empty), is_whole

    return show


def _of_method(page: Any, name: str) -> Callable[[Model], tuple[Any, bool]]:
    method = getattr(page.model_admin, name)
    empty = getattr(method, "empty_value_display", page.model_admin.get_empty_value_display())
    is_boolean = getattr(method, "boolean", False)

    def show(row: Model) -> tuple[Any, bool]:
        value = method(row)
        if isinstance(value, str) and not is_boolean:
            return (value if value.strip() else empty), False
        return display_for_value(value, empty, is_boolean), isinstance(value, MOMENTS)

    return show


def _address(page: Any) -> Callable[[Model], str]:
    """A row's page, which leads back to this list as it is filtered now: found out for one row."""
    first = page.result_list[0]
    plain = page.url_for_result(first)
    whole = add_preserved_filters({"preserved_filters": page.preserved_filters, "opts": page.opts}, plain)
    before, after = plain.rpartition(str(quote(first.pk)))[::2]
    after += whole[len(plain) :]
    return lambda row: f"{before}{quote(row.pk)}{after}"
