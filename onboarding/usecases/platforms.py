"""What a company may choose from: its product's table, as far as Codat has it switched on and nobody paused it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from .. import codat
from ..actors import Actor
from ..errors import NotOffered, PlatformPaused
from ..models import Company, PlatformPause, PlatformState
from ..platforms import PLATFORMS, Platform, table_of
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import timeline

LOGOS_KEPT_FOR = timedelta(days=30)
LOGO_AGAIN_AFTER = timedelta(days=1)  # when the host of the pictures cannot be reached: it is not that of the API
ASKED_EVERY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Offer:
    platform: Platform
    pause: PlatformPause | None
    logo_digest: str


def offered(company: Company) -> list[Offer]:
    """The platforms to show, A to Z. One that Codat never told of is shown: the list is ours.

    One query, and one more while something is paused.
    """
    table = table_of(company.product, company.country)
    states = {state.platform_key: state for state in _states(platform.key for platform in table)}
    may_be_paused = len(states) < len(table) or any(getattr(state, "is_paused", True) for state in states.values())
    pauses = {pause.platform_key: pause for pause in pauses_now()} if may_be_paused else {}
    return [
        Offer(platform, pauses.get(platform.key), state.logo_digest if state else "")
        for platform in table
        if (state := states.get(platform.key)) is None or state.is_enabled
    ]


def _states(keys: Iterable[str]) -> "QuerySet[PlatformState]":
    paused = PlatformPause.objects.filter(platform_key=OuterRef("pk"), ended_at=None, until__gt=timezone.now())
    return PlatformState.objects.filter(pk__in=list(keys)).defer("logo").annotate(is_paused=Exists(paused))


def pauses_now(now: datetime | None = None) -> list[PlatformPause]:
    """Pauses in force, the one that lasts longest last."""
    moment = now or timezone.now()
    return list(PlatformPause.objects.filter(ended_at=None, until__gt=moment).order_by("until"))


def check_offered(company: Company, platform_key: str, *, errand: Errand = Errand.CLICK) -> Platform:
    """Raises NotOffered or PlatformPaused; asks Codat once if it never told us of the platform."""
    table = {platform.key: platform for platform in table_of(company.product, company.country)}
    platform = table.get(platform_key)
    if platform is None:
        raise NotOffered(platform=platform_key)
    state = PlatformState.objects.filter(pk=platform_key).defer("logo").first()
    if state is None:
        refresh_enabled(errand)
        state = PlatformState.objects.filter(pk=platform_key).defer("logo").first()
    if state is None or not state.is_enabled:
        raise NotOffered(platform=platform.name)
    check_not_paused(platform_key)
    return platform


def check_not_paused(platform_key: str) -> None:
    """Raises PlatformPaused."""
    pause = next((pause for pause in pauses_now() if pause.platform_key == platform_key), None)
    if pause:
        name = PLATFORMS[platform_key].name if platform_key in PLATFORMS else platform_key
        raise PlatformPaused(platform=name, pause=pause)


def is_due(now: datetime | None = None) -> bool:
    """Whether Codat has not been asked about every platform of our tables within the last hours."""
    since = (now or timezone.now()) - ASKED_EVERY
    return PlatformState.objects.filter(pk__in=PLATFORMS, checked_at__gt=since).count() < len(PLATFORMS)


def refresh_enabled(errand: Errand = Errand.BACKGROUND) -> dict[str, bool]:
    """Ask Codat which integrations our customers may use, page by page; store it for the platforms of our tables.

    A platform that a whole listing does not name is not enabled. Raises a CodatError with nothing stored.
    """
    told: dict[str, codat.Integration] = {}
    page_number, has_next = 1, True
    while has_next:
        page = codat_for(errand).list_integrations(page=page_number)
        told |= {integration.key: integration for integration in page.results}
        page_number, has_next = page_number + 1, page.has_next
    now = timezone.now()
    for key, platform in PLATFORMS.items():
        is_enabled = key in told and told[key].enabled
        PlatformState.objects.update_or_create(
            platform_key=key, defaults={"name": platform.name, "is_enabled": is_enabled, "checked_at": now}
        )
    return {key: key in told and told[key].enabled for key in PLATFORMS}


def pause(platform_key: str, *, reason_en: str, reason_fr: str, until: datetime, by: Actor) -> PlatformPause:
    """Stop new connections to a platform; customers read the reason. Connected ones are not touched."""
    with transaction.atomic():
        made = PlatformPause.objects.create(
            platform_key=platform_key, reason_en=reason_en, reason_fr=reason_fr, until=until, by=by.user
        )
        timeline.write("paused", company=None, by=by, after=until.isoformat(), facts={"platform": platform_key})
    return made


def resume(made: PlatformPause, *, by: Actor) -> None:
    """End a pause before its time."""
    with transaction.atomic():
        ended = PlatformPause.objects.filter(pk=made.pk, ended_at=None).update(
            ended_at=timezone.now(), ended_by=by.user
        )
        if ended:
            timeline.write("resumed", company=None, by=by, facts={"platform": made.platform_key})


def refresh_logos(errand: Errand = Errand.BACKGROUND, now: datetime | None = None) -> int:
    """Fetch the pictures of enabled platforms anew, a few requests a month; returns how many came.

    A platform without a usable picture keeps its old one, or its monogram.
    """
    moment = now or timezone.now()
    fresh = Q(logo_at__gt=moment - LOGOS_KEPT_FOR)
    came = 0
    for state in PlatformState.objects.filter(is_enabled=True).exclude(fresh).defer("logo"):
        try:
            came += _fetch_logo(state, errand, moment)
        except (codat.Refused, codat.Garbled):
            PlatformState.objects.filter(pk=state.pk).update(logo_at=moment)
    return came


def _fetch_logo(state: PlatformState, errand: Errand, now: datetime) -> bool:
    client = codat_for(errand)
    url = client.get_branding(state.platform_key).square_logo_url
    if not url:
        PlatformState.objects.filter(pk=state.pk).update(logo_at=now)
        return False
    try:
        logo = client.fetch_logo(url)
    except codat.Unreachable:
        again = now + LOGO_AGAIN_AFTER - LOGOS_KEPT_FOR
        PlatformState.objects.filter(pk=state.pk).update(logo_at=again)
        return False
    digest = sha256(logo.content).hexdigest()[:16]
    PlatformState.objects.filter(pk=state.pk).update(
        logo=logo.content, logo_type=logo.content_type, logo_digest=digest, logo_at=now
    )
    return True
