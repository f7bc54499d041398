"""What to copy for an escalation: ids, times and correlation ids. No secrets, no addresses that open anything."""

from django.utils import timezone

from ..models import Event
from .desk import Desk

EVENTS = 5


def of(desk: Desk) -> str:
    """Plain text of a few lines. One query: the newest events that carry an id."""
    company = desk.company
    lines = [
        f"Reference {company.ref} ({company.name})",
        f"State {company.state} since {_utc(company.state_since)}, product {company.product}",
        f"Codat company {company.codat_id or 'none'}",
    ]
    for row in [*desk.connections, desk.partner]:
        if row is not None:
            name = row.software_name or "partner expense"
            lines.append(
                f"Connection {row.codat_id or 'none yet'}: {name}, {row.status} since {_utc(row.status_at)}, "
                f"seen {_utc(row.seen_at)}, last read {_utc(row.last_read_at)}"
            )
    lines += _events(desk) or ["No correlation ID was returned."]
    lines.append(f"Copied {_utc(timezone.now())}")
    return "\n".join(lines)


def _events(desk: Desk) -> list[str]:
    newest = Event.objects.filter(company=desk.company).exclude(correlation_id="", delivery_id="")
    return [
        f"{_utc(event.at)} {event.kind}"
        + (f" correlation {event.correlation_id}" if event.correlation_id else "")
        + (f" event {event.delivery_id}" if event.delivery_id else "")
        for event in newest.order_by("-at", "-pk")[:EVENTS]
    ]


def _utc(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"
