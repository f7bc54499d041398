"""One box that finds a company: an exact reference or id opens it at once, words narrow the list."""

import re
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import Company, Connection, Delivery, Event, Invitation, Membership

REFERENCE = re.compile(r"([A-Za-z]{3})-?(\d{4})")
LEAST_ID_LENGTH = 12  # event and correlation ids are longer; words of a name rarely are, and have spaces


def exact(told: str) -> int | None:
    """The one company that a reference, a customer ID, or an id of Codat's names; None for anything else."""
    text = told.strip()
    if not text or "@" in text:
        return None
    by_name = Q(customer_id=text)
    if match := REFERENCE.fullmatch(text):
        by_name |= Q(ref=f"{match[1].upper()}-{match[2]}")
    found = Company.objects.filter(by_name).values_list("pk", flat=True)[:2]
    if len(found) == 1:
        return found[0]
    if len(text) < LEAST_ID_LENGTH or " " in text:
        return None
    return next((pk for pk in _by_id(text) if pk is not None), None)


def _by_id(text: str) -> Iterator[int | None]:
    """Each place where an id may stand, cheapest first; every one is an indexed look-up."""
    uid = uuid_of(text)
    if uid:
        yield Company.objects.filter(codat_id=uid).values_list("pk", flat=True).first()
        yield Connection.objects.filter(codat_id=uid).values_list("company_id", flat=True).first()
    for column in ("correlation_id", "delivery_id"):
        yield events_with(column, text).exclude(company=None).values_list("company_id", flat=True).first()
    for deliveries in (Delivery.objects.filter(pk=text), Delivery.objects.filter(event_id=text)):
        owner = deliveries.values_list("company_codat_id", flat=True).first()
        yield Company.objects.filter(codat_id=owner).values_list("pk", flat=True).first() if owner else None


def events_with(column: str, text: str) -> "QuerySet[Event]":
    """Events that carry an id. That it is not empty is said again: the index holds only such rows."""
    return Event.objects.filter(**{column: text}).exclude(**{column: ""})


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def narrow(companies: "QuerySet[Company]", told: str) -> "QuerySet[Company]":
    """Companies that hold every word: in name, reference, customer ID, contact or organisation; or in an address.

    The customer's own address is found by any part of it, those of other people whole or by their beginning.
    """
    words = told.lower().split()
    matching = Company.objects.all()
    for word in words:
        matching = matching.filter(search_text__contains=word)
    found = matching.values("pk")  # from the index that holds the text, before anything is ordered
    if len(words) == 1 and "@" in words[0]:
        people = Membership.objects.filter(user__email__startswith=words[0]).values("company_id")
        invited = Invitation.objects.filter(email=words[0]).values("company_id")
        found = found.union(people, invited)
    return companies.filter(pk__in=found)
