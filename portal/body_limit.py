"""No request is larger than its page can use. Django itself limits fields, but never the files sent beside them."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from onboarding.views import errors

Handler = Callable[[HttpRequest], HttpResponse]


class BodyLimit:
    """400 or 413 before a byte is read: whoever is not signed in as staff cannot fill our disk through any form.

    A body of unannounced length is none for Django, so what is announced is all that counts.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or "0"
        if not (told.isascii() and told.isdigit()):
            return errors.bad_request(request)
        size = int(told)
        if size <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return self.get_response(request)
        if not _is_import(request):
            return errors.too_large(request)
        return errors.file_too_large(request) if size > settings.IMPORT_MAX_BYTES else self.get_response(request)


def _is_import(request: HttpRequest) -> bool:
    """Files of companies are larger than anything else, and staff's alone."""
    return request.path == settings.IMPORT_PATH and bool(getattr(request.user, "is_staff", False))
