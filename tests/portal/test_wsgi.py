"""What a web process has done before its first request."""

from tests.portal.test_settings import SAFE, run

ASKED = """
import gc, sys
import portal.wsgi
from portal.celery import app
print("onboarding.views.webhook" in sys.modules, app.finalized, gc.get_freeze_count() > 100_000)
"""


def test_the_first_request_finds_everything_loaded_and_frozen():
    told = run("-c", ASKED, **SAFE)

    assert told.stdout.split() == ["True", "True", "True"], told.stderr
