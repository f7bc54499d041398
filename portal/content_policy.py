"""The Content-Security-Policy, built once: all answers but those of pages that leave for Link have the same."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class ContentPolicy(CSPMiddleware):
    """django-csp builds the text for every answer, and a second one to report only: a tenth of a webhook's time."""

    usual = ""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        has_own = hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response))
        if has_own or settings.DEBUG:  # Django's own pages for errors need styles
            return super().process_response(request, response)
        self.usual = self.usual or build_policy()
        response.headers.setdefault(HEADER, self.usual)
        return response
