"""Days and times as people read them: the reader's language, the company's time zone."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format


def day(value: date | datetime | None) -> str:
    """`4 May`; with the year when it is not this one."""
    if value is None:
        return ""
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    return date_format(local, "j F" if local.year == timezone.localtime().year else "j F Y")


def clock(value: datetime | None) -> str:
    """`14:03`."""
    return date_format(timezone.localtime(value), "H:i") if value else ""


def is_today(value: datetime) -> bool:
    """Whether the time alone says when."""
    return timezone.localtime(value).date() == timezone.localtime().date()


def moment(value: datetime | None) -> str:
    """`4 May, 14:03`."""
    return f"{day(value)}, {clock(value)}" if value else ""
