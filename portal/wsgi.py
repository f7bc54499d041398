"""The web process. It does not start without what it needs, and says what that is."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import reverse

from onboarding import checks

from . import memory, reporting
from .celery import app

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("PORTAL_PROCESS", "web")

BOOT_ERROR = 3  # gunicorn stops at this exit code, and tries again for ever at others


def _load() -> None:
    """What a worker's first request would load, and wait for: a tenth of a second."""
    reverse("webhook")  # the URLs, with their views
    app.finalize()  # the tasks that views send hints to
    memory.settle()


try:
    checks.demand()
    reporting.start()
    application = get_wsgi_application()
    _load()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Cannot start: {error}\n")
    sys.exit(BOOT_ERROR)
