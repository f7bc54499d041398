"""Onboarding files as people send them."""

import csv
import io
from collections.abc import Iterable, Sequence

from onboarding.actors import Actor
from onboarding.forms import clean_row
from onboarding.models import Batch
from onboarding.usecases import bulk

HEADER = ("customer_id", "name", "email", "product")
COMMAND = Actor.command()


def csv_of(rows: Iterable[Sequence[str]], *, header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def good_rows(count: int, first: int = 1) -> list[tuple[str, ...]]:
    return [
        (f"cust-{n}", f"Company {n} Ltd", f"owner{n}@customer.example", "bill_pay_async")
        for n in range(first, first + count)
    ]


def accepted(content: bytes, **options: object) -> Batch:
    """The file, stored and ready to be worked on."""
    return bulk.accept_file(io.BytesIO(content), clean=clean_row, name="new.csv", by=COMMAND, options=options)


def checked(content: bytes) -> bulk.Report:
    return bulk.check_file(io.BytesIO(content), clean=clean_row)
