"""Erasing what we keep of a customer, but for a stub: that it was here, what was done, when, by whom and why.

Only our own side; Codat's is `deletion`. What is left: reference, Codat's ids, times, kinds and statuses.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from ..actors import Actor
from ..lifecycle import Status
from ..models import BatchRow, Company, Connection, Delivery, Event, User
from ..states import State
from . import timeline

NO_ADDRESS = "erased@example.invalid"
KEPT_FACTS = frozenset({"platform", "partner", "role", "mail", "n", "total", "code", "field", "batch", "lost"})
OURS_ALONE = ("memberships", "invitations", "mails", "mail_refusals", "notes", "software_requests")
BLANK = {"name": "", "contact": "", "phone": "", "country": "", "time_zone": "", "organisation": "", "search_text": ""}


@dataclass(slots=True)
class Erasure:
    """How many records of what were erased, and what could not be, in sentences without names."""

    counts: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@transaction.atomic
def erase(company: Company, *, by: Actor) -> Erasure:
    """Erase a company's personal data for good. Safe to repeat: a second time erases nothing."""
    company = Company.objects.select_for_update().get(pk=company.pk)
    done = Erasure()
    if company.erased_at:
        return done
    people = list(User.objects.filter(memberships__company=company))
    for name in OURS_ALONE:
        done.counts[name.replace("_", " ")] = getattr(company, name).all().delete()[0]
    done.counts["people"] = _erase_people(people, done)
    done.counts["timeline lines"] = _scrub_events(company)
    _scrub_rows(company)
    _make_stub(company)
    timeline.write("erased", company=company, by=by, facts={"n": done.total})
    return done


def _erase_people(people: list[User], done: Erasure) -> int:
    """Accounts that open nothing else. Staff, and people of other companies, stay."""
    staying = [user for user in people if user.is_staff or user.memberships.exists()]
    if staying:
        done.kept.append(f"{len(staying)} people who also belong to another company, or are staff")
    gone = User.objects.filter(pk__in=[user.pk for user in people if user not in staying])
    count = gone.count()
    gone.delete()
    return count


def _scrub_events(company: Company) -> int:
    """The lines stay; what they quote goes."""
    lines = list(company.events.all())
    for line in lines:
        line.before, line.after = _impersonal(line.before), _impersonal(line.after)
        line.facts = {key: value for key, value in line.facts.items() if key in KEPT_FACTS}
    Event.objects.bulk_update(lines, ["before", "after", "facts"], batch_size=500)
    return len(lines)


def _impersonal(word: str) -> str:
    """A status or an id; anything else might name somebody."""
    if word in Status.__members__.values():
        return word
    try:
        return str(UUID(word))
    except ValueError:
        return ""


def _scrub_rows(company: Company) -> None:
    blank: dict[str, Any] = {"organisation": "", "organisation_was": "", "failure": "", "look_error": "", "reads": {}}
    Connection.objects.filter(company=company).update(**blank)
    if company.codat_id:
        Delivery.objects.filter(company_codat_id=company.codat_id).update(payload={}, error="")
    for row in BatchRow.objects.filter(company=company, data__has_any_keys=["cells", "fields"]):
        row.data = {key: value for key, value in row.data.items() if key not in ("cells", "fields")}
        row.save(update_fields=["data"])
    kind = ContentType.objects.get_for_model(Company)
    LogEntry.objects.filter(content_type=kind, object_id=str(company.pk)).update(
        object_repr=company.ref, change_message=""
    )


def _make_stub(company: Company) -> None:
    """The customer ID becomes free for a customer who comes back, and can still be recognised."""
    for name, value in BLANK.items():
        setattr(company, name, value)
    company.name, company.codat_name, company.search_text = f"Erased {company.ref}", "", company.ref.lower()
    company.customer_id, company.email = f"{company.customer_id[:80]} (erased {company.ref})", NO_ADDRESS
    company.tags, company.needs, company.needs_since = {}, "", None
    company.state = State.NEW.value
    company.erased_at = timezone.now()
    company.save()
