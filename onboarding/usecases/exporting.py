"""What we hold of our customers, for themselves and for other systems: a list of all, or everything about one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from ..models import BatchRow, Company, Connection, Delivery, Event, SignInLink, User
from ..platforms import name_of

COLUMNS = (
    "reference",
    "customer_id",
    "name",
    "email",
    "contact",
    "phone",
    "product",
    "language",
    "country",
    "time_zone",
    "state",
    "state_since",
    "needs",
    "software",
    "organisation",
    "codat_id",
    "created_at",
    "invited_at",
    "accepted_at",
    "linked_at",
    "first_read_at",
    "last_read_at",
)
NOT_OURS_TO_TELL = frozenset(
    {"password", "create_key", "held_by", "held_until", "search_text", "digest", "once", "uid", "is_superuser"}
)
RELATED = (
    "memberships",
    "invitations",
    "consents",
    "mails",
    "mail_refusals",
    "notes",
    "software_requests",
    "deletion_requests",
)


def rows(companies: QuerySet[Company]) -> Iterator[dict[str, Any]]:
    """One flat row for each company, in the order of their making; memory does not grow with their number."""
    for company in companies.order_by("pk").iterator(500):
        row = {name: getattr(company, name, None) for name in COLUMNS}
        row["reference"] = company.ref
        row["software"] = name_of(company.platform_key) if company.platform_key else ""
        yield {name: _plain(value) for name, value in row.items()}


def everything(company: Company) -> dict[str, Any]:
    """All that we hold of one company: what it told us, what was done, what Codat told. No key, no secret, no link."""
    people = User.objects.filter(memberships__company=company)
    told: dict[str, Any] = {
        "company": _fields(company),
        "people": _all(people),
        "connections": _all(Connection.objects.filter(company=company)),
        "timeline": _all(Event.objects.filter(company=company).order_by("at", "pk")),
    }
    for name in RELATED:
        told[name] = _all(getattr(company, name).all())
    told["sign_in_links"] = _all(SignInLink.objects.filter(user__in=people))
    told["file_rows"] = _all(BatchRow.objects.filter(company=company))
    told["codat_events"] = _all(Delivery.objects.filter(company_codat_id=company.codat_id)) if company.codat_id else []
    return told


def _all(found: QuerySet[Any]) -> list[dict[str, Any]]:
    return [_fields(row) for row in found]


def _fields(row: Model) -> dict[str, Any]:
    names = [field for field in row._meta.concrete_fields if field.name not in NOT_OURS_TO_TELL]
    return {field.name: _plain(getattr(row, field.attname)) for field in names}


def _plain(value: Any) -> Any:
    """As it goes into JSON or a cell."""
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool, list, dict)):
        return value
    return str(value)
