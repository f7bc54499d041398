"""How long a session lives, an idle limit and an absolute one, shorter for staff; and where to sign in then.

Django's own sessions know the idle limit alone, and forget when they began; so each carries two times of ours.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from .usecases.signin import safe_next

CUSTOMER_IDLE, CUSTOMER_LONGEST = timedelta(hours=12), timedelta(days=7)
STAFF_IDLE, STAFF_LONGEST = timedelta(hours=1), timedelta(hours=12)
BEGAN, SEEN = "signed_in_at", "seen_at"
SEEN_EVERY = timedelta(minutes=1)  # one write a minute is enough, and an hour's limit stays an hour

Handler = Callable[[HttpRequest], HttpResponse]


def begin(request: HttpRequest) -> None:
    """Somebody has just signed in: both limits start now, whatever the session was before."""
    request.session[BEGAN] = request.session[SEEN] = timezone.now().isoformat()


def is_over(request: HttpRequest, now: datetime) -> bool:
    """Whether either limit has passed. A session without our times began before them, and starts now."""
    began, seen = request.session.get(BEGAN), request.session.get(SEEN)
    if not began or not seen:
        begin(request)
        return False
    is_staff = getattr(request.user, "is_staff", False)
    idle, longest = (STAFF_IDLE, STAFF_LONGEST) if is_staff else (CUSTOMER_IDLE, CUSTOMER_LONGEST)
    return now - datetime.fromisoformat(seen) > idle or now - datetime.fromisoformat(began) > longest


class SessionLimits:
    """Ends a session that is over, and sends its person to sign in and back to the same page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        now = timezone.now()
        if is_over(request, now):
            return _ended(request)
        self._note_seen(request, now)
        return self.get_response(request)

    @staticmethod
    def _note_seen(request: HttpRequest, now: datetime) -> None:
        """A page that asks by itself whether there is news is not a person who is there."""
        is_polling = bool(getattr(request, "htmx", False) or request.headers.get("HX-Request"))
        if not is_polling and now - datetime.fromisoformat(request.session[SEEN]) > SEEN_EVERY:
            request.session[SEEN] = now.isoformat()


class SignInRequired(LoginRequiredMiddleware):
    """Sign-in is the default, each kind of person at their own door, and back to the page they were on."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        return _to_sign_in(request, _page_before(request))


def _ended(request: HttpRequest) -> HttpResponse:
    back = _page_before(request)
    logout(request)
    return _to_sign_in(request, back, out="1")


def _to_sign_in(request: HttpRequest, back: str, **told: str) -> HttpResponse:
    if back.startswith("/admin/"):
        url = f"/admin/login/?{urlencode({'next': back}, safe='/')}"
    else:
        url = f"/sign-in/?{urlencode({**told, 'next': back}, safe='/')}"
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    answer = HttpResponseRedirect(url)
    if request.method not in ("GET", "HEAD"):
        answer.status_code = 303  # a form: what comes next is a page
    return answer


def _page_before(request: HttpRequest) -> str:
    """The page to come back to: for a form or a fragment, the page that it stood on."""
    if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
        return safe_next(request.get_full_path()) or "/"
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    try:
        parts = urlsplit(told)
    except ValueError:  # anybody may write anything there
        return "/"
    if parts.netloc != request.get_host():
        return "/"
    return safe_next(f"{parts.path}?{parts.query}" if parts.query else parts.path) or "/"
