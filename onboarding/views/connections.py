"""Back from Link, the connection in every state, reconnect, disconnect."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from .. import queries, tasks
from ..codat import CodatError
from ..errors import AlreadyConnected, ConnectionGone, NothingToRelink, NotLinked, OnboardingError
from ..models import Company, Connection, User
from ..nudge import nudge
from ..security import allow_leaving
from ..states import State
from ..usecases import connections, follow, returning
from . import details, scenes
from .access import company_for_result, company_of, customer, customer_of, is_connector, person, surroundings
from .answers import SeeOther, say, see_other

LOOKS_PER_MARK = 4  # a look every 3 s; that the page is open is noted every 12 s, and holds for 45


@require_GET
def came_back(request: HttpRequest) -> HttpResponseBase:
    """Codat's one redirect address. The query is a hint; the use case looks up what is true."""
    landing = returning.came_back(person(request), request.GET)
    nudge(tasks.follow_connections)
    if landing.company is None:
        return redirect("front")
    if person(request).is_staff:  # they had opened Link in the customer's place
        return redirect("admin:onboarding_company_change", landing.company.pk)
    _tell(request, landing.company, landing.note)
    page = landing.page
    if page == "home":
        return redirect("front")
    return redirect(page, landing.company.ref)


def _tell(request: HttpRequest, company: Company, note: str) -> None:
    current = queries.current(company)
    if current is None or not note:
        return
    names = {"platform": current.software_name, "name": str(current.started_by or "")}
    if note == "e201":
        messages.info(request, _("Nothing has changed. %(platform)s was already connected.") % names)
    elif note == "someone":
        title = _("%(name)s has connected %(platform)s in the meantime.") % names
        messages.info(request, f"{title}\n{_('There is nothing left to do.')}")
    elif note == "stopped":
        lead = _("Nothing was shared and nothing has changed. You can carry on when you like.")
        messages.info(request, f"{_('You stopped before the end')}.\n{lead}")
    elif note == "failed":
        advice = _("Wait 5 minutes, then try again")
        messages.info(request, f"{_('The connection did not go through')}.\n{advice}.")


@require_safe
@allow_leaving
def connection(request: HttpRequest, ref: str) -> HttpResponseBase:
    company = company_of(request, ref, is_for_connectors=True)
    current = queries.current(company)
    if is_connector(company) and (current is None or current.started_by_id != person(request).pk):
        return redirect("choose", ref)
    return connection_page(request, company, person(request))


def connection_page(request: HttpRequest, company: Company, user: User, *, read_only: bool = False) -> HttpResponseBase:
    """The one page of a connection, by its state. `company` comes from `queries.for_pages`.

    With nothing to show yet it leads home, or to the software that was chosen. With `read_only` nothing acts.
    """
    scene, facts = scenes.scene_of(company, customer_of(company) if read_only else user)
    if scene.page == "none":
        return redirect("company", company.ref)
    if scene.page == "chosen":
        assert scene.action is not None
        return redirect(scene.action.url)
    return _show(request, scene, facts, read_only=read_only)


def _show(request: HttpRequest, scene: scenes.Scene, facts: scenes.Facts, *, read_only: bool = False) -> HttpResponse:
    context = surroundings(facts.company, read_only=read_only) | {"scene": scene, "facts": facts}
    return render(request, f"onboarding/connection_{scene.page}.html", context | details.of(scene.page, facts))


@require_safe
def shared(request: HttpRequest, ref: str) -> HttpResponseBase:
    """What was agreed to for this software: the words, by whom, when, in which version."""
    company = company_for_result(request, ref)
    scene, facts = scenes.scene_of(company, person(request))
    if facts.connection is None:
        return redirect("connection", ref)
    context = surroundings(company) | {"scene": scene, "facts": facts} | details.shared(facts)
    return render(request, "onboarding/connection_shared.html", context)


@login_not_required
@require_safe
def status(request: HttpRequest, ref: str) -> HttpResponse:
    """What an open page asks for by itself: its bridge and its rows, from our database alone.

    The page loads anew when its state became another kind, or nobody is signed in any more.
    """
    if not request.user.is_authenticated:
        return _load_anew()
    company = company_for_result(request, ref)
    scene, facts = scenes.scene_of(company, person(request))
    if scene.page not in ("checking", "reading") or details.page_key(facts) != request.GET.get("page"):
        return _load_anew()
    tick = _whole(request.GET.get("tick", ""))
    if tick % LOOKS_PER_MARK == 1 or tick > details.SPEEDS[0][0]:
        assert facts.connection is not None
        follow.note_open(facts.connection)
    more = details.of(scene.page, facts) | {"poll": details.poll(facts, tick)}
    news = more.get("done") if str(more.get("done")) != request.GET.get("done") else None
    context = {"scene": scene, "facts": facts, "is_fragment": True, "news": news}
    return render(request, f"onboarding/_status_{scene.page}.html", context | more)


def _load_anew() -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else details.SPEEDS[-1][0]


@require_POST
def check(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Ask Codat now, at most every 30 seconds; the page then says what is true."""
    company = company_for_result(request, ref)
    try:
        connections.check(company, by=customer(request))
    except (OnboardingError, CodatError) as error:
        say(request, error, company)
    nudge(tasks.follow_connections)
    return see_other("connection", ref)


@require_safe
@allow_leaving
def stopped(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Cancelled at Link, as Codat confirmed. In any other state the connection's own page is right."""
    return _page_of(request, ref, "stopped")


@require_safe
@allow_leaving
def problem(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Failed at Link, or by Codat's own event."""
    return _page_of(request, ref, "problem")


def _page_of(request: HttpRequest, ref: str, page: str) -> HttpResponseBase:
    scene, facts = scenes.scene_of(company_for_result(request, ref), person(request))
    return _show(request, scene, facts) if scene.page == page else redirect("connection", ref)


@require_POST
def reconnect(request: HttpRequest, ref: str) -> HttpResponseBase:
    """As `go`, for the same connection."""
    company = company_for_result(request, ref)
    current = queries.current(company)
    if current is None:
        return see_other("choose", ref)
    try:
        link = connections.reconnect(current, by=customer(request), anyway=request.POST.get("anyway") == "1")
    except (AlreadyConnected, ConnectionGone):
        return see_other("connection", ref)
    except NothingToRelink:
        return see_other("choose", ref)
    except (OnboardingError, CodatError) as error:
        say(request, error, company)
        return see_other("connection", ref)
    return SeeOther(link.reveal())


@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, ref: str) -> HttpResponseBase:
    """A page that says what stops and what stays; its button disconnects."""
    company = company_of(request, ref)
    current = queries.current(company)
    scene, facts = scenes.scene_of(company, person(request))
    can_end = current is not None and (current.is_linked or facts.state == State.EXPIRED)
    if current is None or not can_end:
        return see_other("connection", ref)
    if request.method == "POST":
        return _disconnect(request, company, current)
    context = surroundings(company) | {"scene": scene, "facts": facts, "has_ended": not current.is_linked}
    return render(request, "onboarding/disconnect.html", context)


def _disconnect(request: HttpRequest, company: Company, current: Connection) -> HttpResponseBase:
    by = customer(request)
    try:
        if current.is_linked:
            connections.unlink(current, by=by)
        else:
            connections.let_go(current, by=by)
    except CodatError:
        title = _("We could not disconnect %(platform)s just now.")
        text = _("It is still connected. Try again in a few minutes, or call us and we will do it.")
        name = current.software_name
        messages.warning(request, f"{title % {'platform': name}}\n{text}")
        return see_other("disconnect", company.ref)
    except (NotLinked, ConnectionGone):
        pass  # somebody was quicker: the page says what is true now
    except OnboardingError as error:
        say(request, error, company)
    nudge(tasks.send_mails)
    return see_other("connection", company.ref)


@require_POST
def keep(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Yes, the connected organisation is the right one."""
    company = company_for_result(request, ref)
    current = queries.linked(company)
    if current is not None:
        connections.keep_organisation(current, by=customer(request))
    return see_other("connection", ref)
