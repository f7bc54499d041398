"""Medians in the database: PostgreSQL has them, SQLite is taught."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.models import Aggregate, Expression, FloatField, Func


class Seconds(Func):
    """The seconds from one time to another, as a number."""

    output_field = FloatField()

    def __init__(self, begin: str, end: str) -> None:
        super().__init__(begin, end)

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        begin, end = self._compiled(compiler)
        return f"((julianday({end[0]}) - julianday({begin[0]})) * 86400.0)", [*end[1], *begin[1]]

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        begin, end = self._compiled(compiler)
        return f"EXTRACT(EPOCH FROM ({end[0]} - {begin[0]}))", [*end[1], *begin[1]]

    def _compiled(self, compiler: Any) -> list[tuple[str, Sequence[Any]]]:
        return [compiler.compile(part) for part in self.get_source_expressions()]


class Percentile(Aggregate):
    """The value below which a share of the rows lies; 0.5 is the median. Empty values do not count."""

    output_field = FloatField()

    def __init__(self, value: Expression, share: float, **more: Any) -> None:
        if not 0 <= share <= 1:
            raise ValueError("a share lies between 0 and 1")
        self.share = float(share)
        super().__init__(value, share=repr(self.share), **more)

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """The connection learns the function when it first needs it."""
        connection.ensure_connection()
        name = f"portal_percentile_{round(self.share * 1000)}"
        connection.connection.create_aggregate(name, 1, partial(_Percentile, self.share))
        return self._as(f"{name}(%(expressions)s)", compiler, connection, more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "PERCENTILE_CONT(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
        return self._as(template, compiler, connection, more)

    def _as(self, template: str, compiler: Any, connection: Any, more: Any) -> Any:
        """The template as an attribute: handed on as an argument it would hide the filter's."""
        written = self.copy()
        written.template = template
        return written.as_sql(compiler, connection, **more)


class _Percentile:
    """What SQLite calls for each row and at the end: the same interpolation as PERCENTILE_CONT."""

    def __init__(self, share: float) -> None:
        self.values: list[float] = []
        self.share = share
        self.step = self.values.append  # a list's own: a call into Python for each of a million rows is slow

    def finalize(self) -> float | None:
        values = self.values if None not in self.values else [value for value in self.values if value is not None]
        if not values:
            return None
        values.sort()
        place = self.share * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)
