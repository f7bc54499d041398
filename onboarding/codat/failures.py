"""An exchange that went wrong becomes the CodatError that says what to do about it."""

import re

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from .call import Answer, clean_id
from .errors import Busy, CodatError, Garbled, Refused, Unreachable
from .fields import Json, list_in, object_in, read_json, text_in
from .limits import retry_after_seconds

MAX_MESSAGE_LENGTH = 300


def failure_of_exchange(operation: str, error: Exception) -> Unreachable:
    """For an exchange without an answer. The cause's own text holds addresses, so only its kind is kept."""
    return Unreachable(operation, reason=_reason(error))


def _reason(error: Exception) -> str:
    inner = error.args[0] if error.args else None
    cause = getattr(inner, "reason", inner)  # requests wraps urllib3's reason, mostly twice
    if isinstance(error, requests.Timeout) or isinstance(cause, NewConnectionError | Urllib3Timeout | TimeoutError):
        # NameResolutionError and NewConnectionError are timeouts to urllib3 by descent
        if isinstance(cause, NameResolutionError):
            return "dns"
        return "connect" if isinstance(cause, NewConnectionError) else "timeout"
    return "tls" if isinstance(error, requests.exceptions.SSLError) else "broken"


def failure_of_answer(operation: str, answer: Answer) -> CodatError:
    """For an answer that is no success. The HTTP status counts, not the one in the body, which can differ."""
    told = _body(answer)
    correlation_id = clean_id(told.get("correlationId")) or answer.correlation_id
    retry_after = retry_after_seconds(answer.headers)
    status_code = answer.status_code
    if status_code == 429:
        return Busy(operation, status_code=429, retry_after=retry_after, correlation_id=correlation_id)
    if 500 <= status_code < 600:
        return Unreachable(
            operation,
            reason="server",
            status_code=status_code,
            retry_after=retry_after,
            correlation_id=correlation_id,
        )
    if 400 <= status_code < 500:
        return Refused(
            operation,
            status_code=status_code,
            message=_message(told),
            retry_after=retry_after,
            correlation_id=correlation_id,
        )
    reason = "redirect" if 300 <= status_code < 400 else "odd status"
    return Garbled(operation, reason=reason, status_code=status_code, correlation_id=correlation_id)


def _body(answer: Answer) -> Json:
    try:
        told = read_json(answer.body)
    except Garbled:  # a proxy's page, or none at all
        return {}
    return told if isinstance(told, dict) else {}


def _message(told: Json) -> str:
    """Codat's words on one line: the first validation error says more than the general one."""
    problems = list_in(object_in(told, "validation"), "errors")
    words = [text_in(problem, "message") for problem in problems if isinstance(problem, dict)]
    message = next((each for each in words if each), "") or text_in(told, "error")
    message = re.sub(r"https?://\S+", "(address)", message, flags=re.IGNORECASE)
    return " ".join("".join(c if c.isprintable() else " " for c in message).split())[:MAX_MESSAGE_LENGTH]
