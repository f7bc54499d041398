"""One shape for every log line, ours, Django's, gunicorn's and Celery's; and no secret in any of them."""

import base64
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

HIDDEN = "***"
SECRET_NAMES = re.compile(r"(?i)authorization|password|secret|api_?key|cookie|token|otp|link_?url")
PATTERNS = (
    (re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), f"whsec_{HIDDEN}"),
    (re.compile(r"(?i)((?:^|[?&;\s.\"'])(?:link\.)?otp[\"']?\s*[=:]\s*[\"']?)[^&\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)https?://link[a-z-]*\.codat\.io[^\s\"'<>]*"), f"https://link.codat.io/{HIDDEN}"),
    (re.compile(r"(?i)(/(?:invite|sign-in/link|reminders)/)[^/\s\"'?#]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(/password-reset/[0-9a-z]+-)[^/\s\"'?#]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(://[^/\s:@]*:)[^/\s@]+@"), rf"\1{HIDDEN}@"),  # a password in a database's or broker's address
)
# What could forge a line or drive a terminal.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LINES = "\n\t"  # a traceback keeps these

_literals: list[str] = []


def keep_out(secrets: Iterable[str]) -> None:
    """From now on these very texts, and a key's Basic form, never appear in a log line."""
    for secret in secrets:
        if len(secret) >= 6:
            encoded = base64.b64encode(secret.encode()).decode()
            _literals.extend(text for text in (secret, encoded) if text not in _literals)
    _literals.sort(key=len, reverse=True)


def hide(text: str) -> str:
    """The text without secrets, one-time passwords, Link addresses and tokens of our own links."""
    for literal in _literals:
        text = text.replace(literal, HIDDEN)
    for pattern, kept in PATTERNS:
        text = pattern.sub(kept, text)
    return text


def _escaped(text: str, allowed: str = "") -> str:
    return CONTROL.sub(lambda match: match[0] if match[0] in allowed else f"\\x{ord(match[0]):02x}", text)


def _clean(value: Any, allowed: str = "") -> Any:
    if isinstance(value, str):
        return _escaped(hide(value), allowed)
    if isinstance(value, dict):
        return {key: HIDDEN if _is_secret(key, item) else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _escaped(hide(str(value)))


def _is_secret(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, str | bytes) and SECRET_NAMES.search(name) is not None


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last processor before a line is written: nothing secret, nothing that breaks out of the line."""
    if event.get("logger") == "celery.app.trace":
        event.pop("data", None)  # the same again, with the arguments
    for name in list(event):
        allowed = LINES if name == "exception" else ""
        event[name] = HIDDEN if _is_secret(name, event[name]) else _clean(event[name], allowed)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


def logging_settings(log_format: str, level: str = "INFO") -> dict[str, Any]:
    """For logging.config; `log_format` is json or console."""
    renderer = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if log_format == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            renderer,
        ],
    }
    plain = {"handlers": [], "propagate": True, "level": level}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structlog": formatter},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "structlog"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            **dict.fromkeys(("django", "django.server", "gunicorn.error", "gunicorn.access", "celery"), plain),
            "celery.worker.strategy": {"level": logging.WARNING},  # a line for each task that came; its end has one too
            "celery.beat": {"level": logging.WARNING},
        },
    }


def configure() -> None:
    """For our own `structlog.get_logger()`; standard logging goes the same way by its formatter."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED[:-1],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
