"""More customers for the demo: `manage.py demo --stage linked`, while `make run` runs."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from requests import RequestException

from onboarding.codat import CodatError
from onboarding.errors import OnboardingError, explain
from onboarding.usecases import demo
from onboarding.usecases.demo_cast import TO_ORDER, Stage


class Command(BaseCommand):
    help = "Adds a customer of each product at a stage, and prints a sign-in link for each. Run it beside `make run`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stage", choices=[stage.value for stage in TO_ORDER], default=Stage.NEW.value)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is for the demo: make run, without CODAT_BASE_URL.")
        try:
            doors = demo.order(Stage(options["stage"]))
        except (OnboardingError, CodatError) as error:
            raise CommandError(str(explain(error))) from error
        except RequestException as error:
            raise CommandError("The sandbox does not answer. Is `make run` running?") from error
        width = max(len(door.who) for door in doors)
        for door in doors:
            self.stdout.write(f"{door.who:<{width}}  {door.way_in}")
