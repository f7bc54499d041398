"""Reports of unexpected errors, only where SENTRY_DSN is set."""

from typing import Any

import sentry_sdk
from django.conf import settings

from .logs import hide


def start() -> None:
    """No person's data, no local variables, and our masks over every text."""
    if settings.SENTRY_DSN:
        sentry_sdk.init(
            dsn=settings.SENTRY_DSN,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=lambda event, _hint: _masked(event),
            before_breadcrumb=lambda crumb, _hint: _masked(crumb),
        )


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value
