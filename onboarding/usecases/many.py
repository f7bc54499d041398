"""Saving many rows that each got values of their own."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import Model


def update_each(rows: Sequence[Model], fields: Sequence[str]) -> None:
    """As `bulk_update`, at a fraction of its cost: one statement, carried out for each row. Within a transaction.

    `bulk_update` builds one CASE for each field out of an expression for each row; for a page of rows that takes
    longer than everything else we do with them.
    """
    if not rows:
        return
    meta, quote = rows[0]._meta, connection.ops.quote_name
    by_name = {column.name: column for column in meta.concrete_fields}
    columns = [by_name[name] for name in fields]
    key = next(column for column in meta.concrete_fields if column.primary_key)
    sets = ", ".join(f"{quote(str(column.column))} = %s" for column in columns)
    sql = f"UPDATE {quote(meta.db_table)} SET {sets} WHERE {quote(str(key.column))} = %s"  # noqa: S608  names of ours
    values = [
        [column.get_db_prep_save(getattr(row, column.attname), connection) for column in [*columns, key]]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)
