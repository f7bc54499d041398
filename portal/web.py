"""gunicorn's settings: `gunicorn -c python:portal.web portal.wsgi`. Its own options and variables still win."""

import os
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("PORTAL_PROCESS", "web")  # the settings are read here first, before portal.wsgi could say so

try:
    bind = f"127.0.0.1:{settings.PORT}"
except ImproperlyConfigured as error:
    sys.exit(f"Cannot start: {error}")
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
threads = 4
timeout = 30  # seconds without a sign of life; a click is answered within 20
graceful_timeout = 10
keepalive = 5
limit_request_line = 8190  # bytes, the most there is: on the way back from Link, Codat adds the software's own words
control_socket_disable = True  # it would lie in the home folder
forwarded_allow_ips = ""  # portal.proxy decides whose headers count
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a sign of life is no disk's business

# No query string and no referrer: tokens and one-time passwords travel there.
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(L)s s"
logconfig_dict = settings.LOGGING
