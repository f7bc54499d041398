"""Reads whose SQL is built once in a process. Django builds it anew each time, which takes longer than to run it.

For the few that every page makes. The rows come out as a queryset would give them, related and annotated values too.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet, Subquery
from django.db.models.query import get_related_populators
from django.db.models.sql import Query

M = TypeVar("M", bound=Model)


class Slot(Expression):
    """The place of a value, a number or a text, that is told when the read is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class Once(Subquery):
    """A subquery of a queryset that stays, whose SQL is put together when it is first asked for.

    A copy within another query has a query of its own, and so SQL of its own: names of tables may differ there.
    """

    _made: tuple[Query, str, str, tuple[Any, ...]] | None = None

    def as_sql(self, compiler: Any, connection: Any, *more: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        made = self._made
        if made is None or made[0] is not self.query or made[1] != connection.vendor:
            sql, params = super().as_sql(compiler, connection, *more, **extra)
            made = self._made = (self.query, connection.vendor, sql, tuple(params))
        return made[2], made[3]


class Prepared(Generic[M]):
    """A queryset with slots: `LINES.all(company=1)` asks it with a value in each. Its limit is a part of it.

    It is built when it is first asked, for models know each other only after start.
    """

    def __init__(self, build: "Callable[[], QuerySet[M]]") -> None:
        self._build = build
        self._plans: dict[str, _Plan[M]] = {}

    @property
    def _plan(self) -> "_Plan[M]":
        """One for each kind of database, for each speaks its own SQL and brings its own values."""
        kind = connection.vendor
        if kind not in self._plans:
            self._plans[kind] = _Plan(self._build())
        return self._plans[kind]

    def all(self, **values: int | str) -> list[M]:
        """The rows. One query."""
        plan = self._plan
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [values[each.name] if isinstance(each, Slot) else each for each in plan.params])
            rows = cursor.fetchall()
        return [plan.instance(row) for row in rows]

    def get(self, **values: int | str) -> M:
        """The one row. Raises the model's DoesNotExist if there is none. One query."""
        rows = self.all(**values)
        if not rows:
            raise self._plan.model.DoesNotExist  # type: ignore[attr-defined]
        return rows[0]


class _Plan(Generic[M]):
    """What Django finds out about a queryset before it asks, and would find out again at the next one."""

    def __init__(self, queryset: "QuerySet[M]") -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        self.sql, self.params = compiler.as_sql()
        told: dict[str, Any] = compiler.klass_info or {}
        first, last = told["select_fields"][0], told["select_fields"][-1]
        self.model: type[M] = told["model"]
        self._own = slice(first, last + 1)
        self._names = [column.target.attname for column, _sql, _alias in compiler.select[self._own]]
        self._converters = compiler.get_converters([column for column, _sql, _alias in compiler.select]).items()
        self._related = get_related_populators(told, compiler.select, connection.alias)  # type: ignore[call-arg]
        self._annotations = (compiler.annotation_col_map or {}).items()

    def instance(self, row: tuple[Any, ...]) -> M:
        values = list(row)
        for place, (converters, column) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        found = self.model.from_db(connection.alias, self._names, values[self._own])
        for related in self._related:
            related.populate(values, found)
        for name, place in self._annotations:
            setattr(found, name, values[place])
        return found
