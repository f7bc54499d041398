"""Says whether everything is set up, here and at Codat."""

import json
from argparse import ArgumentParser
from typing import Any

from celery import current_app
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from onboarding import checks
from onboarding.codat import CodatError
from onboarding.errors import explain
from onboarding.usecases.watch import doctor, doctor_account
from onboarding.usecases.watch.findings import Finding, Level

MARKS = {Level.OK: "ok      ", Level.WARNING: "warning ", Level.FAILED: "FAILED  "}
BROKER_WAIT_SECONDS = 3


class Command(BaseCommand):
    help = "Says whether everything is set up, here and at Codat: a line each, with the fix."
    requires_system_checks: list[str] = []  # a broken setting is a finding, not an end
    epilog = """
Asks Codat about seven times; changes nothing but with --create-webhook.
Exit status: 0 all is well (warnings included), 1 something failed.
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = self.epilog
        parser.add_argument(
            "--create-webhook", action="store_true", help="Register our webhook endpoint at Codat first."
        )
        parser.add_argument("--json", action="store_true", help="For machines: a list of findings.")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[Finding] = []
        if options["create_webhook"]:
            checks.demand()
            try:
                found.append(doctor_account.create_webhook())
            except CodatError as error:
                raise CommandError(str(explain(error))) from error
        found += [*doctor.examine(), _broker()]
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_dict() for finding in found], indent=2))
        else:
            for finding in found:
                self._write(finding)
        failed = sum(finding.level is Level.FAILED for finding in found)
        if failed:
            raise CommandError(f"{failed} of {len(found)} checks failed.")

    def _write(self, finding: Finding) -> None:
        style = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.FAILED: self.style.ERROR}
        self.stdout.write(f"{style[finding.level](MARKS[finding.level])}{finding.check}: {finding.says}")
        if finding.fix:
            self.stdout.write(f"          → {finding.fix}")


def _broker() -> Finding:
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_WAIT_SECONDS)
    except Exception as error:  # whatever a broker can raise
        fix = "Start it, or look at CELERY_BROKER_URL. Nothing is lost meanwhile: the clock asks for what is due."
        return Finding("broker", Level.FAILED, f"The broker does not answer ({type(error).__name__}).", fix)
    return Finding("broker", Level.OK, "The broker answers.")
