"""What a customer agreed to share, kept as it was said."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..actors import Actor
from ..models import Company, Connection, Consent
from ..platforms import TABLES
from . import timeline

TEXT_VERSION = "2026-11"  # of the words under "What you agree to share"; raise it whenever they change


def give(company: Company, platform_key: str, *, by: Actor, language: str) -> Consent:
    """Store the act of agreeing: text version, language, person, time, data types."""
    with transaction.atomic():
        consent = Consent.objects.create(
            company=company,
            user=by.user,
            at=timezone.now(),
            platform_key=platform_key,
            product=company.product,
            language=language,
            text_version=TEXT_VERSION,
            data_types=list(TABLES[company.product].data_types),
        )
        timeline.write(
            "agreed",
            company=company,
            by=by,
            facts={"platform": platform_key, "text_version": TEXT_VERSION, "language": language},
        )
    return consent


def of(connection: Connection) -> Consent | None:
    """The newest agreement to share what is in this software; None where nobody agreed on this site."""
    mine = Q(connection=connection) | Q(connection=None, platform_key=connection.platform_key)
    given = Consent.objects.filter(mine, company=connection.company_id).select_related("user")
    return given.order_by("-at", "-pk").first()
