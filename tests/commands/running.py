"""Commands run as people run them: here, or as a process that can be killed."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection

from onboarding.models import User
from tests.factories import person
from tests.kit import ROOT, Sandbox


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


def run(command: str, *arguments: str, **options: Any) -> Ran:
    """In this process. The status is what a shell would see."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err, **options)
        status = 0
    except CommandError as error:
        err.write(str(error))
        status = error.returncode
    except SystemExit as error:
        status = int(error.code or 0)
    return Ran(status, out.getvalue(), err.getvalue())


def olu(group: str = "Operations") -> User:
    """Olu does the bulk work."""
    user = person("olu@alderway.example", "Olu Ade", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def spawn(
    sandbox: Sandbox, command: str, *arguments: str, cwd: Path, stderr: int = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    """As a process of its own, on the tests' database and against their sandbox."""
    surroundings = {
        **os.environ,
        "DATABASE_URL": _database_url(),
        "CODAT_BASE_URL": sandbox.url,
        "CODAT_API_KEY": sandbox.api_key,
        "CODAT_PER_MINUTE": "0",
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), command, *arguments],
        cwd=cwd,
        env={**surroundings, "VAR_DIR": str(ROOT / "var/test")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def _database_url() -> str:
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(facts['NAME']).resolve()}"
    login = f"{quote(facts['USER'])}:{quote(facts['PASSWORD'])}@" if facts["USER"] else ""
    return f"postgres://{login}{quote(facts['HOST'], safe='')}:{facts['PORT']}/{facts['NAME']}"


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
