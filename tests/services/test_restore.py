"""The backup that docs/deploy.md describes, restored elsewhere: one sweep makes it as true as Codat is now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from onboarding.lifecycle import Status
from onboarding.models import Company, Connection
from tests.chaos.traffic import customers
from tests.inside import looking_into
from tests.kit import Sandbox
from tests.reckoning import reconcile
from tests.servers import program
from tests.services.conftest import SharedPostgres
from tests.stacks import MakePortal

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


def test_a_restored_backup_is_right_after_one_sweep(
    make_portal: MakePortal, postgres: SharedPostgres, amqp_url: str, redis_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    portal = make_portal(broker_url=amqp_url, cache_url=redis_url)
    rows = customers(sandbox, 30, Status.LINKED)
    dump, before = tmp_path / "portal.dump", portal.environment["DATABASE_URL"]
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}", before], check=True, timeout=60)
    for row in rows[:10]:
        sandbox.deauthorise(str(row.codat_id))
    sandbox.delete_connection(str(rows[10].codat_id))
    sandbox.create_connection(str(rows[11].company.codat_id), "qhyg")

    restored = postgres.url(postgres.new_database())
    how = ("--no-owner", "--exit-on-error")
    subprocess.run([program("pg_restore"), f"--dbname={restored}", *how, str(dump)], check=True, timeout=120)
    portal.environment["DATABASE_URL"] = restored
    portal.manage_to_end("migrate", "--check", "--skip-checks")
    portal.manage_to_end("sync_connections")

    with looking_into(restored):
        assert Company.objects.count() == 30
        assert Connection.objects.count() == 31
        assert reconcile(sandbox) == []
