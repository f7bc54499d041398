from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mails.mailserver import MailServer


@pytest.fixture
def mailserver(settings) -> Iterator[MailServer]:
    """A real mail server, and the portal's settings point there."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield server
    server.stop()
