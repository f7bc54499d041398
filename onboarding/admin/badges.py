"""A company's state as a badge, with the numbers that tell more than the word."""

from django.utils.safestring import SafeString

from ..models import Company, Connection
from ..states import State
from ..usecases.reads import progress_of
from . import words


def of(company: Company, connection: Connection | None) -> SafeString:
    """`connection` is the one that counts; the badges with numbers need it, the others do without."""
    if company.needs == "errors" and connection is not None:
        return words.NEEDS["errors"].word.badge(f"Error {connection.failures} times")
    if company.state == State.READING and connection is not None:
        done, total = progress_of(connection)
        return words.STATES[State.READING].badge(f"First read {done} of {total}")
    return words.state_of(company.state).badge()
