from django.apps import AppConfig
from django.db.backends.signals import connection_created

from .timestamps import read_faster


class OnboardingConfig(AppConfig):
    name = "onboarding"
    verbose_name = "Onboarding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(read_faster)
        from . import checks  # noqa: F401  registers the system checks
