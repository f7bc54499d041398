"""Pages and files that need no sign-in: what is shared and why, legal texts, the brand's colour, logos."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from .. import brand, words
from ..models import PlatformState, Product
from ..platforms import TABLES

FOR_EVER = "public, max-age=31536000, immutable"
TODAY = "public, max-age=86400"
LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})


@login_not_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """Every kind of data that we read and add, for each product, with the reason."""
    products = [
        {
            "anchor": words.anchor_of(product),
            "name": brand.product_name(product),
            "items": [words.ITEMS[name] for name in TABLES[product].data_types],
            "we_add": words.we_add(product, brand.product_name(product)),
        }
        for product in _products()
    ]
    return render(request, "onboarding/data.html", {"products": products})


def _products() -> list[str]:
    """The products to list: both kinds of Bill Pay share the same words, so one stands for both."""
    bills = next((name for name in settings.PRODUCT_NAMES if name.startswith("bill_pay")), Product.BILL_PAY_ASYNC.value)
    return [bills, Product.EXPENSES.value]


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponseBase:
    if settings.PRIVACY_URL:
        return HttpResponseRedirect(settings.PRIVACY_URL)
    return render(request, "onboarding/privacy.html")


@login_not_required
@require_safe
def terms(request: HttpRequest) -> HttpResponseBase:
    if settings.TERMS_URL:
        return HttpResponseRedirect(settings.TERMS_URL)
    return render(request, "onboarding/terms.html", {"title": _("Terms")})


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "onboarding/accessibility.html")


@login_not_required
@require_safe
def brand_css(request: HttpRequest) -> HttpResponse:
    """The operator's colour, for the browser to lay over ours."""
    answer = HttpResponse(brand.stylesheet(settings.BRAND_PRIMARY), content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = TODAY
    return answer


@login_not_required
@require_safe
def brand_logo(request: HttpRequest, digest: str) -> HttpResponse:
    try:
        body, media_type, known = brand.logo(settings.BRAND_LOGO)
    except OSError:
        raise Http404 from None
    if digest != known:
        raise Http404
    return _file(body, media_type)


@login_not_required
@require_safe
def platform_logo(request: HttpRequest, platform_key: str, digest: str) -> HttpResponse:
    """A platform's logo from our own cache; the page shows a letter when there is none."""
    state = PlatformState.objects.filter(pk=platform_key, logo_digest=digest).first()
    if state is None or not state.logo or state.logo_type not in LOGO_TYPES:
        raise Http404
    return _file(bytes(state.logo), state.logo_type)


def _file(body: bytes, media_type: str) -> HttpResponse:
    """A file that never changes under its address, and that may run nothing, should it be an SVG."""
    answer = HttpResponse(body, content_type=media_type)
    answer["Cache-Control"] = FOR_EVER
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer
