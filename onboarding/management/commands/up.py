"""Everything on this machine with one command: `make run`."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from onboarding import checks, mailbox
from onboarding.usecases import demo
from portal import celery_app, spool
from portal.demo import is_free
from portal.supervisor import Failed, Supervisor

START_SECONDS = 60
RETURN_NAMES = ("companyId", "connectionId", "statusCode", "errorMessage", "statusText")
QUIET = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}  # in a container everybody is
CELERY = (sys.executable, "-m", "celery", "-q", "-A", "portal")


class Command(BaseCommand):
    help = "Starts the portal, its worker and its clock; without CODAT_BASE_URL also a local Codat, as a demo."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand()
        _check_port(settings.PORT, "PORT")
        with _only_one():
            code = Supervisor(sys.stdout).run(self.work)
        sys.exit(code)

    def work(self, supervisor: Supervisor) -> None:
        """Start what stands on its own first, so that the processes come up while we prepare the rest."""
        _empty_spool()
        if settings.DEMO:
            supervisor.start("sandbox", _sandbox(), _sandbox_environment())
        try:
            _prepare_database()
        except DatabaseError as error:
            raise Failed(f"The database cannot be used: {str(error).splitlines()[0]}") from error
        _collect_static()
        for name, command in _processes().items():
            supervisor.start(name, command, {**os.environ, **QUIET})
        doors = self._seed(supervisor) if settings.DEMO else []
        supervisor.wait_for(f"{_local()}/healthz", START_SECONDS)
        supervisor.say(_table(doors))
        if settings.DEMO:
            Thread(target=mailbox.announce_new, args=[supervisor.say], name="mail", daemon=True).start()

    def _seed(self, supervisor: Supervisor) -> list[demo.Door]:
        supervisor.wait_for(f"{settings.CODAT_BASE_URL}/_sandbox/counts", START_SECONDS)
        try:
            return demo.seed(os.environ["DEMO_STAFF_PASSWORD"])
        finally:
            connection.close()


@contextmanager
def _only_one() -> Iterator[None]:
    """Two of us would share one database, one broker and one sandbox's memory."""
    with (settings.VAR_DIR / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(f"The portal runs already from {settings.VAR_DIR}. Stop it first.") from None
        yield


def _check_port(port: int, variable: str) -> None:
    if not is_free(port):
        raise CommandError(f"Port {port} is taken. Stop what uses it, or choose another: {variable}={port + 10}.")


def _empty_spool() -> None:
    """Old hints are worth nothing. The queues are declared here, for several processes at once would trip."""
    if settings.CELERY_BROKER_URL != spool.ADDRESS:
        return
    spool.empty(settings.SPOOL_DIR)
    with celery_app.connection_for_write() as broker:
        for queue in celery_app.amqp.queues.values():
            queue(broker.default_channel).declare()


def _prepare_database() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    call_command("createcachetable", verbosity=0)
    connection.close()


def _collect_static() -> None:
    """Only when a file changed: writing them all, hashed and compressed, takes seconds."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = os.stat(storage.path(path))
            found.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    stamp = settings.STATIC_ROOT / ".collected"
    wanted = "\n".join(sorted(found))
    if not stamp.is_file() or stamp.read_text() != wanted:
        call_command("collectstatic", verbosity=0, interactive=False, clear=True, skip_checks=True)
        stamp.write_text(wanted)


def _sandbox() -> list[str]:
    port = settings.CODAT_BASE_URL.rpartition(":")[2]
    _check_port(int(port), "SANDBOX_PORT")
    return [
        *(sys.executable, "-m", "sandbox", "--port", port),
        *("--state", str(settings.VAR_DIR / "sandbox.json")),
        *("--webhook-url", f"{_local()}{reverse('webhook')}"),
        *("--redirect-url", _redirect_template()),
    ]


def _redirect_template() -> str:
    """The way back from Link, as Codat wants it told: it fills in the names."""
    query = "&".join(f"{name}={{{name}}}" for name in RETURN_NAMES)
    return f"{settings.PUBLIC_URL}{reverse('return')}?{query}"


def _sandbox_environment() -> dict[str, str]:
    """Its secrets, where no process list shows them."""
    return {
        **os.environ,
        "SANDBOX_API_KEY": settings.CODAT_API_KEY,
        "SANDBOX_WEBHOOK_SECRET": settings.CODAT_WEBHOOK_SECRETS[0],
    }


def _processes() -> dict[str, tuple[str, ...]]:
    web = (sys.executable, "-m", "gunicorn", "--no-control-socket", "-c", "python:portal.web", "portal.wsgi")
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # there is no other worker to talk to
    return {
        "web": web,
        "worker": (*CELERY, "worker", "-P", "threads", "-c", "4", *alone),
        "beat": (*CELERY, "beat"),
    }


def _local() -> str:
    return f"http://127.0.0.1:{settings.PORT}"


def _table(doors: list[demo.Door]) -> str:
    rows = [("Portal", f"{settings.PUBLIC_URL}/")]
    rows += [(door.who, door.way_in) for door in doors]
    if settings.DEMO:
        rows += [("Sandbox", f"{settings.CODAT_BASE_URL}/"), ("Mail", f"{settings.PUBLIC_URL}{reverse('demo_mail')}")]
    else:
        rows += [
            ("Staff", f"{settings.PUBLIC_URL}/admin/ (first account: .venv/bin/python manage.py createsuperuser)"),
            ("Redirect URL, for Codat", _redirect_template()),
            ("Webhook endpoint, for Codat", f"{settings.PUBLIC_URL}{reverse('webhook')}"),
        ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    return "\n".join(["", *lines, "", "  Ctrl-C stops everything.", ""])
