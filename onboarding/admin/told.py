"""A failure in words for staff: the sentence that everybody gets, and what to quote to Codat's support."""

from datetime import timedelta

from django.utils import timezone

from ..codat import Busy, CodatError, Refused
from ..errors import OnboardingError, explain


def of(error: OnboardingError | CodatError) -> str:
    """For example: `Codat said 429. Next try 14:40.`"""
    sentence = str(explain(error))
    return f"{sentence} {_for_staff(error)}".strip() if isinstance(error, CodatError) else sentence


def _for_staff(error: CodatError) -> str:
    if error.status_code:
        parts = [f"Codat said {error.status_code}."]
    else:
        parts = ["Our own limit held it back." if isinstance(error, Busy) else f"No answer ({error.reason})."]
    if isinstance(error, Refused) and error.message:
        parts.append(f"“{error.message}”")
    if error.retry_after is not None:
        at = timezone.localtime(timezone.now() + timedelta(seconds=error.retry_after))
        parts.append(f"Next try {at:%H:%M}.")
    parts.append(
        f"Correlation ID {error.correlation_id}." if error.correlation_id else "No correlation ID was returned."
    )
    return " ".join(parts)
