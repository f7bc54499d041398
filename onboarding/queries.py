"""Reads that pages, admin and use cases share. Access is the queryset you look in."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery

from .lifecycle import Status
from .models import Company, Connection, Kind, Membership, PlatformState, Quota, Role, User
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


def company_of(user: User, ref: str) -> Company:
    """A company for its pages: `role` is the person's, `accounting` its connections, `codat_*` how Codat is.

    Two queries. Raises Company.DoesNotExist for a stranger, whether the company exists or not.
    """
    return for_pages(companies_of(user)).annotate(role=F("memberships__role")).get(ref=ref)


def for_pages(companies: "QuerySet[Company]") -> "QuerySet[Company]":
    """Companies with all that their pages show; how Codat is comes from the shared row, in the same query."""
    quota = Quota.objects.order_by("pk")
    told = {f"codat_{name}": Subquery(quota.values(name)[:1]) for name in ("failures", "blocked_until", "answered_at")}
    logo = PlatformState.objects.filter(pk=OuterRef("platform_key")).values("logo_digest")[:1]
    shown = ACCOUNTING.annotate(logo_digest=Subquery(logo))
    return companies.annotate(**told).prefetch_related(Prefetch("connections", queryset=shown, to_attr="accounting"))
