"""The shared row, changed in short transactions of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from ..allowance import Rules
from ..models import Quota

ROW = 1
SAVED = [field.name for field in Quota._meta.fields if not field.primary_key]


def rules() -> Rules:
    return Rules(settings.QUOTA_RESERVE_PERCENT, settings.CODAT_PER_MINUTE)


@contextmanager
def locked() -> Iterator[Quota]:
    """The row, locked, and saved at the end; left as it was if the rules hold the call back.

    `durable` makes sure that no caller holds a transaction open while it talks to Codat.
    """
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")  # it is told anew with every answer
        row = Quota.objects.select_for_update().filter(pk=ROW).first()
        if row is None:
            Quota.objects.bulk_create([Quota(pk=ROW)], ignore_conflicts=True)  # two may come first at once
            row = Quota.objects.select_for_update().get(pk=ROW)
        yield row
        row.save(update_fields=SAVED)
