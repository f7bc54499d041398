"""Where Codat posts its events. Waits for nothing but one row of the database."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from .. import tasks
from ..codat import BadSignature, Garbled
from ..nudge import nudge
from ..usecases import webhooks
from .slow_body import Watch

log = logging.getLogger(__name__)

MAX_BYTES = 2_621_440  # 2.5 MB
SLOW = Watch(seconds=10)  # Codat itself gives up after 15


@csrf_exempt
@login_not_required
def webhook(request: HttpRequest) -> HttpResponse:
    """2xx once the event is kept, or was before; also for types that we do not know, or Codat repeats them."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if (status := _unwanted(request)) is not None:
        return HttpResponse(status=status)
    try:
        webhooks.accept(_body(request), request.headers)
    except (BadSignature, Garbled, UnreadablePostError) as error:
        log.warning("webhook refused", extra={"reason": getattr(error, "reason", "cut short")})
        return HttpResponse(status=400)
    except DatabaseTrouble as error:
        log.error("webhook not kept", extra={"reason": type(error).__name__})
        return HttpResponse(status=503)  # never acknowledge what is not kept: Codat tries again
    nudge(tasks.drain_deliveries)  # a storm sends one message per 300 ms, not one for each event
    return HttpResponse()


def _unwanted(request: HttpRequest) -> int | None:
    """The status for a request whose body is not worth reading."""
    if _length(request) > MAX_BYTES:
        return 413
    kind = request.content_type or "application/json"
    if kind != "application/json" and not kind.endswith("+json"):
        return 415
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return 400  # the signature is over the plain bytes, and nobody unpacks strangers' archives here
    return None


def _length(request: HttpRequest) -> int:
    told = request.META.get("CONTENT_LENGTH") or "0"
    return int(told) if told.isascii() and told.isdigit() else 0


def _body(request: HttpRequest) -> bytes:
    """The raw body. Read directly: `request.body` has a limit of its own, and answers 400 beyond it.

    Raises UnreadablePostError if less came than was announced, or not in time.
    """
    with SLOW.reading(request.META.get("gunicorn.socket")):
        body = request.read(MAX_BYTES)
    if len(body) < _length(request):
        raise UnreadablePostError("cut short")
    return body
