"""Many rows saved in one statement, each with values of its own: a tenth of the work of `bulk_update`."""

# ruff: noqa: S608  names of tables and columns come from the models, every value travels as a parameter

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model

BATCH = 1000


def save_each(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Save these fields of these rows, which exist. One statement for each thousand; none for no rows."""
    if rows:
        values = {row.pk: [getattr(row, _field(row, name).attname) for name in names] for row in rows}
        update_each(type(rows[0]), values, names)


def update_each(model: type[Model], values: Mapping[Any, Sequence[Any]], names: Sequence[str]) -> None:
    """Values for these fields, by primary key; as `save_each`."""
    fields = [_field(model, name) for name in names]
    columns = [field.column for field in fields]
    as_text = connection.ops.adapt_datetimefield_value

    def plain(value: Any) -> Any:
        """What JSON can carry. A JSON field's own value goes as it is."""
        if isinstance(value, datetime):
            return str(as_text(value))
        return value.hex if isinstance(value, UUID) else value

    rows = [dict(zip(columns, map(plain, told), strict=True), key=pk) for pk, told in values.items()]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            cursor.execute(_statement(model, fields), [json.dumps(rows[start : start + BATCH])])


def insert_new(rows: Sequence[Model]) -> None:
    """As `bulk_create(ignore_conflicts=True)`: the rows get no primary keys, and those that exist stay as they are."""
    if rows:
        columns = [field for field in rows[0]._meta.concrete_fields if not field.primary_key]
        names, marks = ", ".join(f'"{field.column}"' for field in columns), ", ".join(["%s"] * len(columns))
        sql = f'INSERT INTO "{rows[0]._meta.db_table}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'
        values = [
            [field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns] for row in rows
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, values)


def told_as_json(kinds: Mapping[str, str]) -> str:
    """The table `told` with these columns, by name and kind; its rows are one parameter, a JSON list of objects."""
    if connection.vendor == "postgresql":
        columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
        return f"json_to_recordset(%s::json) AS told({columns})"
    columns = ", ".join(f"json_extract(value, '$.{name}') AS \"{name}\"" for name in kinds)
    return f"(SELECT {columns} FROM json_each(%s)) AS told"


def _field(model: Model | type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def _statement(model: type[Model], fields: Sequence[Any]) -> str:
    table, key = model._meta.db_table, model._meta.pk
    changes = ", ".join(f'"{field.column}" = told."{field.column}"' for field in fields)
    kinds = {field.column: str(field.db_type(connection)) for field in fields}
    told = told_as_json({**kinds, "key": str(key.rel_db_type(connection))})
    return f'UPDATE "{table}" AS known SET {changes} FROM {told} WHERE known."{key.column}" = told.key'
