"""Reads that pages, admin and use cases share. Access is the queryset you look in."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import CharField, DateTimeField, F, IntegerField, Prefetch, QuerySet
from django.db.models.expressions import RawSQL

from .lifecycle import Status
from .models import Company, Connection, Kind, Membership, Role, User
from .prepared import Prepared, Slot
from .states import current_of

ACCOUNTING = Connection.objects.filter(kind=Kind.ACCOUNTING).select_related("started_by").order_by("pk")


def with_connections(companies: "QuerySet[Company]") -> "QuerySet[Company]":
    """Companies with `accounting`: their accounting connections, oldest first. One query more."""
    return companies.prefetch_related(Prefetch("connections", queryset=ACCOUNTING, to_attr="accounting"))


def companies_of(user: User) -> "QuerySet[Company]":
    """The companies that a person may open, in whatever role."""
    return Company.objects.filter(memberships__user=user, erased_at=None)


def membership_of(user: User, ref: str) -> Membership:
    """A person's place in one company, with its accounting connections: two queries.

    Raises Membership.DoesNotExist for a stranger, whether the company exists or not.
    """
    prefetch = Prefetch("company__connections", queryset=ACCOUNTING, to_attr="accounting")
    memberships = Membership.objects.filter(user=user, company__erased_at=None).select_related("company")
    return memberships.prefetch_related(prefetch).get(company__ref=ref)


def members_of(company: Company) -> "QuerySet[User]":
    """The people to write to: not connectors, not those who may no longer sign in."""
    return User.objects.filter(memberships__company=company, memberships__role=Role.MEMBER, is_active=True)


def members_by_company(company_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """As `members_of`, addresses and names, for many companies by primary key: one query."""
    members = Membership.objects.filter(company__in=set(company_ids), role=Role.MEMBER, user__is_active=True)
    people: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for company_id, email, name in members.values_list("company", "user__email", "user__name"):
        people[company_id].append((email, name))
    return people


def accounting_of(company: Company) -> list[Connection]:
    """Accounting connections, oldest first: the prefetched ones if there are, else by a query."""
    if hasattr(company, "accounting"):
        return list(company.accounting)
    return list(ACCOUNTING.filter(company=company))


def current(company: Company) -> Connection | None:
    """The accounting connection that counts; None if there is none that Codat still has."""
    return current_of(accounting_of(company))


def linked(company: Company) -> Connection | None:
    return next((connection for connection in accounting_of(company) if connection.is_linked), None)


def newest(company: Company) -> Connection | None:
    """The newest accounting connection of all, a deleted one too: to say what became of it."""
    return next(reversed(accounting_of(company)), None)


def partner_of(company: Company) -> Connection | None:
    """The partner expense connection, which staff see and customers never do."""
    partners = company.connections.filter(kind=Kind.PARTNER_EXPENSE).exclude(status=Status.DELETED)
    return partners.order_by("pk").last()


# Of the one shared row, and of a platform's row, in the query that is asked anyway: written out by hand, for to
# build the same from expressions takes longer than to run it. Constants all.
_QUOTA = "(SELECT {} FROM onboarding_quota ORDER BY id LIMIT 1)"
_LOGO = (
    "(SELECT logo_digest FROM onboarding_platformstate"
    " WHERE onboarding_platformstate.platform_key = onboarding_connection.platform_key)"
)
_HOW_CODAT_IS = {
    "codat_failures": RawSQL(_QUOTA.format("failures"), [], output_field=IntegerField(null=True)),  # noqa: S611
    "codat_blocked_until": RawSQL(_QUOTA.format("blocked_until"), [], output_field=DateTimeField(null=True)),  # noqa: S611
}
SHOWN = ACCOUNTING.annotate(logo_digest=RawSQL(_LOGO, [], output_field=CharField()))  # noqa: S611


def _for_a_person() -> "QuerySet[Company]":
    mine = Company.objects.filter(memberships__user=Slot("user"), erased_at=None, ref=Slot("ref"))
    return mine.annotate(role=F("memberships__role"), **_HOW_CODAT_IS)


_COMPANY = Prepared(_for_a_person)
_SHOWN = Prepared(lambda: SHOWN.filter(company=Slot("company")))


def company_of(user: User, ref: str) -> Company:
    """A company for its pages: `role` is the person's, `accounting` its connections, `codat_*` how Codat is.

    Two queries. Raises Company.DoesNotExist for a stranger, whether the company exists or not.
    """
    company = _COMPANY.get(user=user.pk, ref=ref)
    company.accounting = _SHOWN.all(company=company.pk)  # type: ignore[attr-defined]
    for connection in company.accounting:  # type: ignore[attr-defined]
        connection.company = company
    return company


def for_pages(companies: "QuerySet[Company]") -> "QuerySet[Company]":
    """Companies with all that their pages show, in two queries."""
    told = companies.annotate(**_HOW_CODAT_IS)
    return told.prefetch_related(Prefetch("connections", queryset=SHOWN, to_attr="accounting"))
