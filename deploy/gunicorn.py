"""The web process in earnest. Everything by environment: PORT, WEB_CONCURRENCY, WEB_THREADS."""

import os

bind = f"{os.environ.get('WEB_HOST', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"  # noqa: S104  behind your proxy
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 30  # seconds: a click that asks Codat is answered within 20
graceful_timeout = 25  # seconds: requests in flight end before a restart does
keepalive = 5  # seconds
max_requests = 20_000  # a leak anywhere cannot grow for ever
max_requests_jitter = 2_000
control_socket_disable = True
