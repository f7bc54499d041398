"""The portal with the settings of production, in a process of its own: they are read once, when it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "PUBLIC_URL": "https://connect.example.com",
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "CODAT_BASE_URL": "https://api.codat.io",
    "CODAT_API_KEY": "only-for-tests",
    "CODAT_WEBHOOK_SECRET": "whsec_b25seS1mb3ItY2hlY2tpbmctMDEyMzQ1Njc4OQ==",
    "DATABASE_URL": "postgres://portal:only-for-tests@db.example.com/portal",
    "EMAIL_URL": "smtp+tls://portal:only-for-tests@mail.example.com:587",
    "PRODUCT_URLS": "bill_pay_async=https://bills.example.com",
    "TRUSTED_PROXY": "10.0.0.0/8",
}
BARE = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": "var/test/none"}


def run(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**BARE, **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def settings_of(*names: str, **changes: str) -> Mapping[str, Any]:
    """The values of these settings."""
    wanted = "{" + ", ".join(f"{name!r}: getattr(settings, {name!r}, None)" for name in names) + "}"
    told = run("-c", f"import json; from portal import settings; print(json.dumps({wanted}, default=str))", **changes)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def script(text: str, **changes: str) -> Any:
    """What a short script prints as JSON, run with Django set up."""
    begin = "import os, json, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'\ndjango.setup()\n"
    told = run("-c", begin + text, **changes)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.strip().splitlines()[-1])
