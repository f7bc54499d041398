"""Many companies at once: made on our side, held, and remembered with what Codat made of them.

The same rules as in `companies`, one statement for a page of them. The intent to create stands in the row before
Codat is asked, and from then on the company is looked for before it is made again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from ... import codat
from ...actors import Actor
from ...models import Company, Event
from ...states import State
from ...wiring import Errand
from ...wiring import codat as codat_for
from .. import companies, standing, timeline
from ..saving import save_each

HOLD = timedelta(seconds=7)  # renewed while the process lives; less than the lease of its row
TRIES = 5  # at inserting: somebody else may take a customer ID or a reference at the same moment
UIDS_IN_A_QUERY = 45  # Codat takes a query of less than 2,048 characters
FIELDS = ("customer_id", "name", "email", "product", "language", "contact", "country", "time_zone", "tags")


def find_or_make(rows: Sequence[Mapping[str, Any]], me: UUID, *, by: Actor) -> tuple[list[Company], list[Company]]:
    """The companies of these cleaned rows: those that were known, and those made now, as `companies.create` does.

    The new ones are held by `me`, with the intent to create them at Codat: from their first moment on nobody else
    begins with them.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return _find_or_make(rows, me, by)
        except IntegrityError:
            continue
    with transaction.atomic():
        return _find_or_make(rows, me, by)


def _find_or_make(rows: Sequence[Mapping[str, Any]], me: UUID, by: Actor) -> tuple[list[Company], list[Company]]:
    known = list(Company.objects.filter(customer_id__in=[row["customer_id"] for row in rows]))
    found = {company.customer_id for company in known}
    new = [_company(row, me) for row in rows if row["customer_id"] not in found]
    if new:
        _give_references(new)
        Company.objects.bulk_create(new)
        lines = [timeline.line("company.created", company=company, by=by, after=company.name) for company in new]
        Event.objects.bulk_create(lines)
    return known, new


def _company(row: Mapping[str, Any], me: UUID) -> Company:
    now = timezone.now()
    company = Company(**{name: row[name] for name in FIELDS if name in row})
    company.state, company.state_since, company.turn = State.NEW.value, now, standing.turn_of("", State.NEW)
    company.held_by, company.held_until = me, now + HOLD
    company.create_key, company.create_asked_at = uuid4(), now
    return company


def _give_references(new: list[Company]) -> None:
    """A free reference for each; those that are taken are drawn again, from more letters after a few rounds."""
    waiting, taken = new, set[str]()
    for attempt in range(companies.REF_TRIES):
        for company in waiting:
            company.ref = companies.reference(company.name, spread=attempt >= 3)
        known = set(Company.objects.filter(ref__in=[c.ref for c in waiting]).values_list("ref", flat=True))
        clashing = []
        for company in waiting:
            if company.ref in known or company.ref in taken:
                clashing.append(company)
            taken.add(company.ref)
        waiting = clashing
        if not waiting:
            break
    for company in new:
        company.search_text = standing.search_text(company)


def hold(pks: Iterable[int], me: UUID) -> dict[int, Company]:
    """Hold those that nobody else holds; returns them as they are now. A dead holder's claim runs out by itself."""
    now = timezone.now()
    is_free = Q(held_until=None) | Q(held_until__lt=now) | Q(held_by=me)
    wanted = list(pks)
    Company.objects.filter(is_free, pk__in=wanted).update(held_by=me, held_until=now + HOLD)
    return {company.pk: company for company in Company.objects.filter(pk__in=wanted, held_by=me)}


def renew(pks: Iterable[int], me: UUID) -> None:
    Company.objects.filter(pk__in=list(pks), held_by=me).update(held_until=timezone.now() + HOLD)


def let_go(pks: Iterable[int], me: UUID) -> None:
    Company.objects.filter(pk__in=list(pks), held_by=me).update(held_by=None, held_until=None)


def intend(held: Sequence[Company]) -> None:
    """Stored before Codat is asked to create them: a key each, so that repeating is safe, and that it was sent."""
    for company in held:
        company.create_key, company.create_asked_at = company.create_key or uuid4(), timezone.now()
    with transaction.atomic():
        save_each(held, ["create_key", "create_asked_at"])


def create(company: Company) -> codat.Company:
    """Ask Codat to make it. Raises a CodatError; what the next try has to know is noted by `note_failed`."""
    assert company.create_key
    name, tags = companies.cleaned_name(company.name), {**company.tags, "uid": str(company.uid)}
    return codat_for(Errand.BACKGROUND).create_company(name=name, tags=tags, key=company.create_key)


def note_failed(company: Company, error: Exception) -> None:
    """Whether Codat may have made it all the same, and whether the key still serves.

    Codat replays its answer for a key for 90 minutes, errors too; but not 429, and 409 says that it is at work.
    """
    changes: dict[str, Any] = {}
    if isinstance(error, codat.CodatError) and error.answered:
        changes["create_key"] = None
    if isinstance(error, codat.Busy) or (isinstance(error, codat.Refused) and error.code not in (409, 422)):
        changes["create_asked_at"] = None  # nothing was made
    if changes:
        Company.objects.filter(pk=company.pk).update(**changes)


def never_asked(held: Sequence[Company]) -> None:
    """The intent is taken back: no request had left."""
    Company.objects.filter(pk__in=[company.pk for company in held]).update(create_asked_at=None)


def find(asked: Sequence[Company]) -> dict[UUID, codat.Company]:
    """The companies of Codat that lost answers made, by our uid: one request for up to 45 of them."""
    uids = {str(company.uid) for company in asked}
    query = " || ".join(f"uid={uid}" for uid in sorted(uids))
    page = codat_for(Errand.BACKGROUND).list_companies(tags=query)
    if any(told.tags.get("uid") not in uids for told in page.results):
        return _find_singly(asked)  # the filter was not understood: its silence would prove nothing
    oldest_first = sorted(page.results, key=lambda told: (told.created is None, told.created, str(told.id)))
    return {UUID(told.tags["uid"]): told for told in reversed(oldest_first)}


def _find_singly(asked: Sequence[Company]) -> dict[UUID, codat.Company]:
    found = {company.uid: companies.find_at_codat(company, Errand.BACKGROUND) for company in asked}
    return {uid: told for uid, told in found.items() if told}


def keep(told: Sequence[tuple[Company, codat.Company]], *, by: Actor) -> None:
    """Remember what Codat made or has, and let go, as `companies.keep`: one transaction for all."""
    lines = []
    for company, answer in told:
        lines.append(timeline.line("codat.company", company=company, by=by, after=answer.id))
        company.codat_id, company.codat_name, company.codat_products = answer.id, answer.name, list(answer.products)
        company.create_key = company.create_asked_at = company.held_by = company.held_until = None
    fields = ["codat_id", "codat_name", "codat_products", "create_key", "create_asked_at", "held_by", "held_until"]
    with transaction.atomic():
        save_each([company for company, _ in told], fields)
        Event.objects.bulk_create(lines)
