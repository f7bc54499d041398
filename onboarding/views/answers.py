"""How a way in answers: 303 after every POST, and the language and clock of the company on every page."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation

from .. import queries
from ..codat import CodatError
from ..errors import OnboardingError, explain
from ..models import Company


class SeeOther(HttpResponseRedirect):
    """303: the next request is a GET, whatever this one was."""

    status_code = 303


def see_other(name: str, *args: Any) -> SeeOther:
    return SeeOther(reverse(name, args=args))


def see_other_url(url: str) -> SeeOther:
    return SeeOther(url)


def as_see_other(answer: HttpResponse) -> HttpResponse:
    """A redirect that allauth made, as 303: with its cookies, by which a browser is known again."""
    answer.status_code = SeeOther.status_code
    return answer


def say(request: HttpRequest, error: OnboardingError | CodatError, company: Company) -> None:
    """Tell on the next page why a click did nothing: the title on the first line, the rest on the second."""
    told = explain(error, is_connected=queries.linked(company) is not None)
    messages.add_message(request, messages.WARNING, f"{told.title}\n{told.text}")


def speak(request: HttpRequest, language: str) -> None:
    """Use a company's or an invitation's language, unless this browser has chosen one."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(language)


def at_home(request: HttpRequest, company: Company) -> None:
    """The page is about this company: its language, and its clock."""
    speak(request, company.language)
    try:
        timezone.activate(ZoneInfo(company.time_zone or settings.TIME_ZONE))
    except (ZoneInfoNotFoundError, ValueError):
        timezone.deactivate()
