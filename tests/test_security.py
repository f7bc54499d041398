import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.test import RequestFactory

from onboarding.security import allow_leaving


@pytest.fixture
def form_action(rf: RequestFactory):
    """Where forms of a view's page may lead, as the browser is told."""

    def told(view) -> str:
        policy = CSPMiddleware(view)(rf.get("/"))["Content-Security-Policy"]
        return next(part.strip() for part in policy.split(";") if part.strip().startswith("form-action"))

    return told


def plain(request):
    return HttpResponse()


def test_forms_stay_at_home_by_default(form_action):
    assert form_action(plain) == "form-action 'self'"


def test_page_that_leaves_may_end_anywhere_by_https(form_action, settings):
    settings.CODAT_BASE_URL = "https://api.codat.io"
    assert form_action(allow_leaving(plain)) == "form-action 'self' https:"


def test_imitation_on_this_machine_may_use_plain_http(form_action, settings):
    settings.CODAT_BASE_URL = "http://127.0.0.2:8001/base"
    told = form_action(allow_leaving(plain)).split()
    assert told == [
        "form-action",
        "'self'",
        "https:",
        "http://127.0.0.2:8001",
        "http://127.0.0.1:*",
        "http://localhost:*",
    ]
