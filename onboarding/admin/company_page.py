"""The page of one company (picture 14), and the one door through which all its actions go."""

import re
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from .. import brand
from .. import words as customer_words
from ..codat import CodatError
from ..errors import OnboardingError
from ..models import Connection
from ..platforms import TABLES
from ..security import let_leave
from ..usecases import support
from ..usecases.mails.letters import Letter
from . import advice, badges, desk, details, fixes, frame, steps, story, told, words
from .acts import ACTS, Act
from .desk import Desk

ADDRESS = re.compile(r"(https?://[^\s/]+/[^\s/]*/?)\S*")  # what follows may open something: a preview opens nothing
ELSEWHERE = (
    "add_note",
    "add_person",
    "remove_person",
    "confirm_deletion",
    "withdraw_deletion",
)  # beside what they are about
RARE = ("keep_organisation", "answer_request")  # only offered when they apply


@dataclass(frozen=True, slots=True)
class Button:
    """An action as it is offered: `why_not` is the reason why it is not possible now."""

    act: Act
    words: str
    why_not: str


def page(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """GET shows; nothing is changed here."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if not object_id.isdecimal():
        raise Http404
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    the = desk.load(int(object_id), frame.staff(request))
    return frame.show(request, "admin/onboarding/company/page.html", the.company.name, **_context(request, the))


def _context(request: HttpRequest, the: Desk) -> dict[str, Any]:
    advised, current = advice.of(the), the.current
    offered = [_button(the, act) for act in ACTS.values() if act.is_allowed(the.viewer)]
    possible = {button.act.name: button for button in offered if not button.why_not}
    first = [possible[name] for name in advised.acts if name in possible]
    return {
        "the": the,
        "company": the.company,
        "badge": badges.of(the.company, current.reads if current else None, current.failures if current else None),
        "product": brand.product_name(the.company.product),
        "product_kind": words.PRODUCTS[the.company.product],
        "advice": advised,
        "seen": advice.seen_by_customer(the),
        "buttons": first,
        "others": [b for b in possible.values() if b not in first and b.act.name not in ELSEWHERE],
        "impossible": [b for b in offered if b.why_not and _is_missed(the, b.act.name)],
        "can": {name: name in possible for name in ACTS},
        "wrong": advice.wrong_organisation(the),
        "goes": ACTS["ask_deletion"].explains(the) if the.deletion else [],
        "steps": steps.of(the),
        "connections": [_connection(the, row) for row in reversed(the.connections)],
        "reads": _reads(the),
        "story": story.of(the.company, request.GET.get("show", "all"), request.GET.get("before", "")),
        "chosen": request.GET.get("show", "all"),
        "details": details.of(the),
        "note_form": ACTS["add_note"].form(desk=the),
        "has_old_status": _is_old(the),
        "can_edit": the.viewer.has_perm("onboarding.change_company"),
        "can_view_as": the.viewer.has_perm("onboarding.view_as_customer") and the.company.erased_at is None,
    }


def _is_missed(the: Desk, name: str) -> bool:
    """Whether somebody would look for this action here, and is to be told why it is not to be had."""
    if name == "retry_partner":
        return TABLES[the.company.product].needs_partner
    return name not in (*ELSEWHERE, *RARE)


def _button(the: Desk, act: Act) -> Button:
    erased = "This company was erased." if the.company.erased_at else ""
    return Button(act, act.words_for(the), erased or act.why_not(the))


def _is_old(the: Desk) -> bool:
    """A status that nobody has confirmed for a day; the page says so and offers to check."""
    seen = the.current.seen_at if the.current else None
    return seen is not None and (the.now - seen).total_seconds() > 24 * 3600


def _connection(the: Desk, row: Connection) -> dict[str, Any]:
    is_current = the.current is not None and row.pk == the.current.pk
    word = words.state_of(the.company.state) if is_current else words.connection_word(row.status)
    return {
        "row": row,
        "platform": row.software_name,
        "badge": word.badge(),
        "is_current": is_current,
        "fixes": fixes.of(the, row) if is_current or row.is_pending else [],
        "elsewhere": row.origin == "elsewhere",
        "unknown": row.unknown_status,
    }


def _reads(the: Desk) -> list[dict[str, Any]]:
    """The data table: every type of the product, with Codat's own words."""
    current = the.current
    if current is None or (current.linked_at is None and not current.reads):
        return []
    table = TABLES[the.company.product]
    names = [*(table.data_types if table.reads_are_stored else ("company",))]
    names += [name for name in current.reads if name not in names]
    return [
        {
            "name": customer_words.item_name(name),
            "badge": words.read_word(current.reads.get(name, {}).get("status", "")).badge(),
            "tried_at": current.reads.get(name, {}).get("at", ""),
            "done_at": current.reads.get(name, {}).get("done_at", ""),
            "message": current.reads.get(name, {}).get("message", ""),
        }
        for name in names
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One action of one company: GET asks, POST does it. Who has no right to it gets 403."""
    chosen = ACTS.get(name)
    if chosen is None:
        raise Http404
    if not (chosen.is_allowed(frame.staff(request)) and request.user.has_perm("onboarding.view_company")):
        raise PermissionDenied
    the = desk.load(pk, frame.staff(request))
    button = _button(the, chosen)
    if button.why_not:
        messages.error(request, f"{button.words}: not possible now. {button.why_not}")
        return frame.to_company(pk)
    if request.method == "POST":
        form = chosen.form(request.POST, desk=the)
        return _do(request, the, button, form) if form.is_valid() else _ask(request, the, button, form, status=422)
    return _ask(request, the, button, chosen.form(desk=the, initial=request.GET.dict()))


def _do(request: HttpRequest, the: Desk, button: Button, form: Any) -> HttpResponse:
    by = frame.actor(request, form.cleaned_data.get("reason", ""))
    try:
        outcome = button.act.run(the, by, form.cleaned_data)
    except (OnboardingError, CodatError) as error:
        frame.tell(request, error)
        return frame.to_company(the.company.pk)
    if isinstance(outcome, HttpResponse):
        return outcome
    messages.success(request, outcome)
    return frame.to_company(the.company.pk)


def _ask(request: HttpRequest, the: Desk, button: Button, form: Any, status: int = 200) -> HttpResponse:
    chosen = button.act
    letters, refusal = _letters(request, the) if chosen.name == "send_link" else ([], "")
    response = frame.show(
        request,
        "admin/onboarding/company/ask.html",
        button.words,
        status,
        the=the,
        company=the.company,
        button=button,
        form=form,
        explains=chosen.explains(the),
        letters=letters,
        refusal=refusal,
        bounced=the.bounced,
    )
    return let_leave(response) if chosen.leaves else response  # type: ignore[return-value]


def _letters(request: HttpRequest, the: Desk) -> tuple[list[tuple[str, Letter]], str]:
    """What would be sent, or why it would not."""
    try:
        letters = support.preview_link(the.company, by=frame.actor(request))
    except OnboardingError as error:
        return [], told.of(error)
    return [(to, replace(letter, text=ADDRESS.sub(r"\1…", letter.text))) for to, letter in letters], ""


@require_safe
@frame.needs("view_company", "copy_link")
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """The address to hand to the customer: to our page, for the invited address alone."""
    the = desk.load(pk, frame.staff(request))
    invitation = support.open_invitation(the.company)
    return frame.show(
        request,
        "admin/onboarding/company/link.html",
        "Link for the customer",
        the=the,
        company=the.company,
        address=support.address_of(the.company, invitation),
        email=invitation.email if invitation else the.company.email,
        expires_at=invitation.expires_at if invitation else None,
        now=timezone.now(),
    )
