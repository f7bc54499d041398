"""Lists that stay quick at any size: no count over everything, pages by key instead of by number.

The order of a list is that of an index; a page begins where the one before it ended.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

AFTER, BEFORE = "after", "before"
BETWEEN = "~"  # in no number, and in no time


class Row(Func):
    """`(a, b, c) > (x, y, z)`: the database compares whole rows, so one walk of the index finds the next page."""

    output_field = BooleanField()

    def __init__(self, names: Sequence[str], values: Sequence[Any], model: type[Model], sign: str) -> None:
        fields = [model._meta.get_field(name) for name in names]
        super().__init__(
            *[F(name) for name in names],
            *[Value(value, output_field=field) for value, field in zip(values, fields, strict=True)],  # type: ignore[arg-type]
        )
        self.sign = sign

    def as_sql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(part) for part in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _params in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", [param for _sql, params in parts for param in params]


class KeysetList(ChangeList):
    """A page of `per_page` rows, and whether there are more on either side. Nothing is counted."""

    has_next = has_previous = False

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        told = request.GET.copy()
        self._after, self._before = told.pop(AFTER, [""])[-1], told.pop(BEFORE, [""])[-1]
        request.GET = told  # type: ignore[assignment]
        super().__init__(request, *args, **kwargs)
        self.title = str(self.opts.verbose_name_plural).capitalize()

    @property
    def key(self) -> tuple[str, ...]:
        return self.model_admin.key  # type: ignore[attr-defined]

    @property
    def _names(self) -> list[str]:
        return [name.lstrip("-") for name in self.key]

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.key)

    def get_results(self, request: HttpRequest) -> None:
        cursor = self._cursor(self._before or self._after)
        is_back = bool(self._before) and cursor is not None
        rows = self.queryset.order_by(*[_turned(name) for name in self.key]) if is_back else self.queryset
        if cursor is not None:
            descends = self.key[0].startswith("-") != is_back
            rows = rows.filter(Row(self._names, cursor, self.model, "<" if descends else ">"))
        if self.model_admin.drawn_from:  # type: ignore[attr-defined]
            rows = rows.only(*self.model_admin.drawn_from)  # type: ignore[attr-defined]
        found = list(rows[: self.list_per_page + 1])
        has_more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        self.result_list = found[::-1] if is_back else found
        self.has_next, self.has_previous = (cursor is not None, has_more) if is_back else (has_more, cursor is not None)
        self.result_count, self.full_result_count = len(found), None
        self.show_full_result_count, self.show_admin_actions = False, bool(found)
        self.can_show_all = self.multi_page = False
        self.model_admin.prepare(self.result_list)  # type: ignore[attr-defined]

    def _cursor(self, told: str) -> list[Any] | None:
        """The key that an address tells of; None for one that nobody made."""
        parts = told.split(BETWEEN) if told else []
        if len(parts) != len(self.key):
            return None
        try:
            fields = [self.model._meta.get_field(name) for name in self._names]
            return [field.to_python(part) for field, part in zip(fields, parts, strict=True)]  # type: ignore[union-attr]
        except Exception:  # whatever a field makes of a forged text
            return None

    def _key_of(self, row: Model) -> str:
        values = (getattr(row, name) for name in self._names)
        return BETWEEN.join(value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values)

    @property
    def next_url(self) -> str:
        return self._page(AFTER, self.result_list[-1]) if self.has_next else ""

    @property
    def previous_url(self) -> str:
        return self._page(BEFORE, self.result_list[0]) if self.has_previous and self.result_list else ""

    @property
    def first_url(self) -> str:
        return self.get_query_string() if self.has_previous else ""

    def _page(self, side: str, row: Model) -> str:
        joint = self.get_query_string()
        return f"{joint}{'&' if len(joint) > 1 else ''}{urlencode({side: self._key_of(row)})}"


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def select_across(request: HttpRequest) -> None:
    """An action on all that a filter finds needs no row ticked; stock admin wants one."""
    if request.method == "POST" and request.POST.get("select_across") == "1":
        told = request.POST.copy()
        told.setlistdefault(ACTION_CHECKBOX_NAME, ["0"])
        request.POST = told  # type: ignore[assignment]


@cache
def _drawn_media(model_admin: admin.ModelAdmin) -> dict[str, SafeString]:
    """The stock scripts and sheets of a list: the same on every page, and not cheap to find."""
    media = model_admin.media + model_admin.action_form(auto_id=None).media
    return {"css": mark_safe(media["css"].render()), "js": mark_safe(media["js"].render())}  # noqa: S308  as rendered


class Found(admin.ModelAdmin):
    """A model whose rows have pages."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By the key, also where an address says that it is by some field and names none: the stock one breaks."""
        return super().get_object(request, object_id, from_field or None)


class Listed(Found):
    """A model whose rows are listed and looked at. Nothing is added, changed or deleted by Django's own forms.

    key         the order of the list, all fields in one direction, and the columns of an index
    drawn_from  the fields that its rows need, where a model has many more; empty for all of them
    """

    key: tuple[str, ...] = ("-id",)
    drawn_from: tuple[str, ...] = ()
    change_list_template = "admin/keyset_list.html"
    list_per_page = 25
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions: tuple[Any, ...] | None = None
    offers_across = False

    @admin.display(
        description=mark_safe('<input type="checkbox" id="action-toggle" aria-label="Select all on this page">')
    )
    def action_checkbox(self, obj: Model) -> SafeString:
        """As the stock one, without a widget and its template for each row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="Select {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"media": _drawn_media(self), **(extra_context or {})})

    def prepare(self, rows: list[Any]) -> None:
        """Fetch what a whole page of rows needs beside its own columns."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
