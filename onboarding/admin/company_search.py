"""One box that finds a company: an exact reference or id opens it at once, words narrow the list."""

import re
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import Company, Connection, Delivery, Event, Invitation, Membership

REFERENCE = re.compile(r"([A-Za-z]{3})[-\s]?(\d{4})")
LEAST_ID_LENGTH = 12  # event and correlation ids are longer; words of a name rarely are, and have spaces
MOST_BY_EMAIL = 50


def exact(told: str) -> int | None:
    """The one company that a reference, a customer ID, or an id of Codat's names; None for anything else."""
    text = told.strip()
    if not text:
        return None
    by_name = Q(customer_id=text)
    if match := REFERENCE.fullmatch(text):
        by_name |= Q(ref=f"{match[1].upper()}-{match[2]}")
    found = Company.objects.filter(by_name).values_list("pk", flat=True)[:2]
    if len(found) == 1:
        return found[0]
    if len(text) < LEAST_ID_LENGTH or " " in text or "@" in text:
        return None
    return next((pk for pk in _by_id(text) if pk is not None), None)


def _by_id(text: str) -> Iterator[int | None]:
    """Each place where an id may stand, cheapest first; every one is an indexed look-up."""
    uid = uuid_of(text)
    if uid:
        yield Company.objects.filter(codat_id=uid).values_list("pk", flat=True).first()
        yield Connection.objects.filter(codat_id=uid).values_list("company_id", flat=True).first()
    for column in ("correlation_id", "delivery_id"):
        events = Event.objects.filter(**{column: text}, company__isnull=False)
        yield events.values_list("company_id", flat=True).first()
    for deliveries in (Delivery.objects.filter(pk=text), Delivery.objects.filter(event_id=text)):
        owner = deliveries.values_list("company_codat_id", flat=True).first()
        yield Company.objects.filter(codat_id=owner).values_list("pk", flat=True).first() if owner else None


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
    held = Q()
    for word in words:
        held &= Q(search_text__contains=word)
    if len(words) == 1 and "@" in words[0] and (found := _by_email(words[0])):
        held |= Q(pk__in=found)
    return companies.filter(held)


def _by_email(text: str) -> set[int]:
    people = Membership.objects.filter(user__email__startswith=text)
    invited = Invitation.objects.filter(email=text)
    return {
        *people.values_list("company_id", flat=True)[:MOST_BY_EMAIL],
        *invited.values_list("company_id", flat=True)[:MOST_BY_EMAIL],
    }
