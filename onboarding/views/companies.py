"""The front door, the list of companies, a company's home and its activity."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from .. import queries, states
from ..lifecycle import Status
from ..models import Company, Event, Membership, Role, User
from ..platforms import name_of
from ..security import allow_leaving
from ..states import State
from ..usecases import timeline
from . import details, scenes, shown
from .access import company_of, customer_of, person, surroundings
from .answers import speak

LINES_AT_HOME = 5
LINES_OF_ACTIVITY = 200


@login_not_required
@require_safe
def front(request: HttpRequest) -> HttpResponseBase:
    """Signed out: sign in. One company: its home, or what a connector may see of it. Several: the list."""
    if not request.user.is_authenticated:
        return redirect("/sign-in/")
    places = _places(person(request))
    return _only(places[0]) if len(places) == 1 else redirect("companies")


def _places(user: User) -> list[Membership]:
    places = Membership.objects.filter(user=user, company__erased_at=None).select_related("company")
    return list(places.order_by("company__name", "company_id"))


def _only(place: Membership) -> HttpResponseBase:
    return redirect("choose" if place.role == Role.CONNECTOR else "company", place.company.ref)


@require_safe
def companies(request: HttpRequest) -> HttpResponseBase:
    """A bookkeeper's list; one company is no list."""
    places = _places(person(request))
    if len(places) == 1:
        return _only(places[0])
    if places:
        speak(request, places[0].company.language)
    progress = _progress(places)
    rows = [
        {
            "url_name": "choose" if place.role == Role.CONNECTOR else "company",
            "company": place.company,
            "software": name_of(place.company.platform_key) if place.company.platform_key else "",
            "badge": shown.state_badge(_state_for_customers(place.company), *progress.get(place.company_id, ())),
        }
        for place in places
    ]
    return render(request, "onboarding/companies.html", {"rows": rows})


def _progress(places: list[Membership]) -> dict[int, tuple[int, int]]:
    """How far the first reads are, by company: one query more where one is being read, else none."""
    reading = {place.company_id: place.company for place in places if place.company.state == State.READING}
    linked = queries.ACCOUNTING.filter(company__in=reading, status=Status.LINKED) if reading else ()
    return {row.company_id: states.progress(row.reads, shown.wanted(reading[row.company_id])) for row in linked}


def _state_for_customers(company: Company) -> str:
    """Whoever reads this is in: how the invitation stands is staff's word."""
    return State.SIGNED_IN if company.state in (State.NEW, State.INVITED) else company.state


@require_safe
@allow_leaving
def home(request: HttpRequest, ref: str) -> HttpResponse:
    return home_page(request, company_of(request, ref), person(request))


def home_page(request: HttpRequest, company: Company, user: User, *, read_only: bool = False) -> HttpResponse:
    """A company's home: its state, the one next action, its steps and what happened last.

    `company` comes from `queries.for_pages`. With `read_only` nothing on the page acts: staff look at it.
    """
    scene, facts = scenes.scene_of(company, customer_of(company) if read_only else user)
    events = list(timeline.for_customer(company, LINES_AT_HOME + 1))
    context = {
        "scene": scene,
        "facts": facts,
        "steps": _steps(facts, events),
        "lines": shown.lines_of(events[:LINES_AT_HOME]),
        "has_more": len(events) > LINES_AT_HOME,
    }
    context |= details.concerns(facts) | surroundings(company, read_only=read_only)
    return render(request, "onboarding/company_home.html", context)


def _steps(facts: scenes.Facts, events: list[Event]) -> dict[str, object]:
    """The three steps of home: who accepted and when, whether software is connected, how far the first read is."""
    connection = facts.connection
    works = connection is not None and connection.is_linked and facts.state != State.EXPIRED
    return {
        "accepted_at": facts.company.accepted_at,
        "accepted_by": next((shown.who(event) for event in events if event.kind == "accepted"), ""),
        "is_connected": works,
        "is_checking": facts.state == State.CHECKING,
        "is_reading": facts.state in (State.READING, State.WAITING_PC),
        "is_read": works and connection is not None and connection.first_read_at is not None,
    }


@require_safe
def activity(request: HttpRequest, ref: str) -> HttpResponse:
    """All that happened, newest first."""
    return activity_page(request, company_of(request, ref))


def activity_page(request: HttpRequest, company: Company, *, read_only: bool = False) -> HttpResponse:
    lines = shown.lines_of(timeline.for_customer(company, LINES_OF_ACTIVITY))
    context = surroundings(company, read_only=read_only)
    return render(request, "onboarding/company_activity.html", context | {"lines": lines})
