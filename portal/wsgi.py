"""The web process. It does not start without what it needs, and says what that is."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from onboarding import checks

from . import reporting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("PORTAL_PROCESS", "web")

BOOT_ERROR = 3  # gunicorn stops at this exit code, and tries again for ever at others

try:
    checks.demand()
    reporting.start()
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Cannot start: {error}\n")
    sys.exit(BOOT_ERROR)
