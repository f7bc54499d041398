"""A company's state as a badge, with the numbers that tell more than the word."""

from django.utils.safestring import SafeString

from ..models import Company
from ..platforms import TABLES
from ..states import State, progress
from . import words


def of(company: Company, reads: dict[str, dict[str, str]] | None, failures: int | None) -> SafeString:
    """`reads` and `failures` are those of the connection that counts, None where there is none."""
    if company.needs == "errors" and failures:
        return words.NEEDS["errors"].word.badge(f"Error {failures} times")
    if company.state == State.READING:
        table = TABLES[company.product]
        done, total = progress(reads or {}, table.data_types if table.reads_are_stored else ("company",))
        return words.STATES[State.READING].badge(f"First read {done} of {total}")
    return words.state_of(company.state).badge()
