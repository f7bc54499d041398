"""A customer's page as a template alone: what it shows was found once, at the start."""

import os

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template.loader import get_template  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402
from django.urls import re_path  # noqa: E402

from onboarding.models import User  # noqa: E402


def _seen() -> dict[str, object]:
    """Everything that the page's template was given."""
    setup_test_environment()
    try:
        client = Client()
        client.force_login(User.objects.get())
        return client.get(os.environ["BENCH_PAGE"]).context[0].flatten()
    finally:
        teardown_test_environment()


def page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_template.render(_context))


_context = _seen()
_template = get_template("onboarding/company_home.html")
import portal.urls  # noqa: E402

urlpatterns = [*portal.urls.urlpatterns]
urlpatterns.insert(0, re_path(r"^(?:c/|healthz)", page))
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
