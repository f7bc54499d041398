"""How often a sweep may walk through Codat's list."""

from datetime import timedelta
from math import ceil

from django.conf import settings

from ... import quota
from ...models import Company, Sweep

PAGE_SIZE = 100  # Codat's advice for speed
SHARE_OF_DAY = 0.1  # of Codat's daily allowance, for all sweeps together
DEFAULT_DAY = 1000  # requests, until Codat has told


def interval() -> timedelta:
    """SWEEP_MINUTES, or longer, so that a day's sweeps take at most a tenth of what Codat allows that day."""
    day = quota.read().limit or DEFAULT_DAY
    companies = Company.objects.filter(codat_id__isnull=False, gone_at=None).count()
    last = Sweep.objects.filter(is_whole=True).order_by("-started_at").values_list("asked", flat=True).first()
    requests = max(1, ceil(companies / PAGE_SIZE), last or 0)
    return max(timedelta(minutes=settings.SWEEP_MINUTES), timedelta(days=1) * requests / (day * SHARE_OF_DAY))
