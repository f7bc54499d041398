"""Choose the software, get ready, agree, and leave for Codat Link."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .. import brand, dates, queries, tasks, words
from ..codat import CodatError
from ..errors import AlreadyConnected, NotOffered, OnboardingError, explain
from ..models import Company
from ..nudge import nudge
from ..platforms import TABLES, Platform, by_slug, has_successor
from ..security import allow_leaving
from ..usecases import connections, consents, mails, platforms
from .access import company_of, customer, person, surroundings
from .answers import SeeOther, say, see_other
from .shown import software


@require_safe
def choose(request: HttpRequest, ref: str) -> HttpResponse:
    return choose_page(request, company_of(request, ref, is_for_connectors=True))


def choose_page(request: HttpRequest, company: Company, *, read_only: bool = False) -> HttpResponse:
    """The product's software as cards, A to Z, an unfinished one first; or that one is connected already."""
    linked = queries.linked(company)
    context = surroundings(company, read_only=read_only) | {
        "linked": linked.software_name if linked else "",
        "cards": [] if linked else _cards(company),
    }
    return render(request, "onboarding/choose.html", context)


def _cards(company: Company) -> list[dict[str, Any]]:
    unfinished = {
        connection.platform_key: connection for connection in queries.accounting_of(company) if connection.is_pending
    }
    cards = [
        {
            "platform": offer.platform,
            "software": software(offer.platform.key, logo_digest=offer.logo_digest),
            "device": words.DEVICES[offer.platform.device],
            "device_icon": words.DEVICE_ICONS[offer.platform.device],
            "started_at": unfinished[offer.platform.key].created_at if offer.platform.key in unfinished else None,
        }
        for offer in platforms.offered(company)
    ]
    return sorted(cards, key=lambda card: card["started_at"] is None)


@require_safe
@allow_leaving
def before(request: HttpRequest, ref: str, slug: str) -> HttpResponseBase:
    company = company_of(request, ref, is_for_connectors=True)
    return before_page(request, company, slug)


def before_page(request: HttpRequest, company: Company, slug: str, *, read_only: bool = False) -> HttpResponseBase:
    """What you need, what you agree to, where you go next; the button is the consent."""
    if queries.linked(company) and not read_only:
        return redirect("choose", company.ref)
    offer = next((offer for offer in platforms.offered(company) if offer.platform.slug == slug), None)
    if offer is None:
        return _not_offered(request, company)
    platform = offer.platform
    context = surroundings(company, read_only=read_only) | {
        "platform": platform,
        "software": software(platform.key, logo_digest=offer.logo_digest),
        "prepare": words.PREPARATIONS[platform.key],
        "device": words.DEVICES[platform.device],
        "device_icon": words.DEVICE_ICONS[platform.device],
        "items": [words.ITEMS[name] for name in TABLES[company.product].data_types],
        "we_add": words.we_add(company.product, brand.product_name(company.product)),
        "pause": offer.pause,
        "pause_reason": offer.pause and (offer.pause.reason_fr if _is_french() else offer.pause.reason_en),
        "ends_on": _ends_on(company, platform),
        "has_ended": TABLES[company.product].has_ended(timezone.localdate()),
    }
    return render(request, "onboarding/before.html", context)


def _is_french() -> bool:
    return get_language() == "fr"


def _ends_on(company: Company, platform: Platform) -> str:
    """The day on which the product stops working with this platform, where nothing comes after it."""
    date = TABLES[company.product].ends_on
    return dates.day(date) if date and not has_successor(company.product, platform.key) else ""


def _not_offered(request: HttpRequest, company: Company) -> HttpResponse:
    told = explain(NotOffered())
    context = surroundings(company) | {
        "title": told.title,
        "text": told.text,
        "action_url": reverse("choose", args=[company.ref]),
        "action_words": _("Choose your software"),
    }
    return render(request, "onboarding/error.html", context, status=told.status)


@require_POST
def email_link(request: HttpRequest, ref: str, slug: str) -> HttpResponseBase:
    """Send the person's own way back to this page, to be opened on a computer."""
    company = company_of(request, ref, is_for_connectors=True)
    platform = by_slug(company.product, slug, company.country)
    if platform is None:
        return _not_offered(request, company)
    user = person(request)
    path = reverse("before", args=[company.ref, slug])
    mails.pc_link(company, platform.key, path, to=user, by=customer(request), language=get_language() or "en")
    nudge(tasks.send_mails)
    sent = _("Sent to %(email)s. Open it on your computer: your place is kept.") % {"email": user.email}
    messages.success(request, sent)
    return see_other("before", company.ref, slug)


@require_POST
def go(request: HttpRequest, ref: str, slug: str) -> HttpResponseBase:
    """The act of consent, then a fresh link at Codat, and away. Pressed twice, it makes one connection."""
    company = company_of(request, ref, is_for_connectors=True)
    platform = by_slug(company.product, slug, company.country)
    if platform is None:
        return _not_offered(request, company)
    by = customer(request)
    try:
        consents.give(company, platform.key, by=by, language=get_language() or "en")
        link = connections.start(company, platform.key, by=by)
    except AlreadyConnected:
        return see_other("choose", company.ref)
    except NotOffered:
        return _not_offered(request, company)
    except (OnboardingError, CodatError) as error:
        say(request, error, company)
        return see_other("before", company.ref, slug)
    return SeeOther(link.reveal())
