"""Which companies a command is for: by file, by name, or by what they are."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from onboarding.models import Company, Language, Product

from .batches import refuse


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--company", action="append", metavar="ID", default=[], help="A reference or customer ID; may be repeated."
    )
    parser.add_argument("--product", choices=Product.values, help="Only companies of this product.")
    parser.add_argument("--language", choices=Language.values, help="Only companies of this language.")
    parser.add_argument("--country", metavar="XX", help="Only companies of this country, two letters.")
    parser.add_argument("--since", metavar="DATE", help="Only companies that were made on or after this day.")


def is_any(options: dict[str, Any]) -> bool:
    return any(options[name] for name in ("company", "product", "language", "country", "since"))


def chosen(options: dict[str, Any]) -> QuerySet[Company]:
    """The companies that all the filters fit. Raises CommandError (2) for one that does not exist."""
    companies = Company.objects.filter(erased_at=None)
    if options["company"]:
        companies = companies.filter(pk__in=[find(name).pk for name in options["company"]])
    for name in ("product", "language"):
        if options[name]:
            companies = companies.filter(**{name: options[name]})
    if options["country"]:
        companies = companies.filter(country=options["country"].upper())
    if options["since"]:
        companies = companies.filter(created_at__gte=_day(options["since"]))
    return companies


def find(name: str) -> Company:
    """By reference or customer ID. Raises CommandError (2)."""
    company = Company.objects.filter(Q(ref=name.strip().upper()) | Q(customer_id=name.strip())).first()
    return company or refuse(f"No company has the reference or customer ID {name}.")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        refuse(f"{text} is no day: write it as 2026-11-20.")
