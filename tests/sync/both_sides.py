"""Many companies at the local Codat and in our database at once, and whether both sides agree."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from onboarding.lifecycle import Status
from onboarding.models import Company, Connection
from tests.kit import Sandbox


def at_codat(sandbox: Sandbox, count: int, connections_per_company: float = 1.0) -> None:
    """Companies on both sides, each connection's row as Codat has it, seen an hour ago."""
    sandbox.fill(count, connections_per_company, [uuid4() for _ in range(count)])
    theirs = sandbox.companies()
    Company.objects.bulk_create(_company(number, told) for number, told in enumerate(theirs))
    ours = {str(company.codat_id): company for company in Company.objects.all()}
    Connection.objects.bulk_create(
        _connection(ours[company["id"]], told) for company in theirs for told in company["connections"]
    )


def _company(number: int, told: dict) -> Company:
    return Company(
        uid=UUID(told["tags"]["uid"]),
        ref=f"R{number:07}",
        customer_id=told["tags"]["uid"],
        name=told["name"],
        email="a@b.example",
        product="bill_pay_async",
        codat_id=UUID(told["id"]),
        codat_name=told["name"],
        codat_products=told["products"],
        state_since=timezone.now(),
    )


def _connection(company: Company, told: dict) -> Connection:
    return Connection(
        company=company,
        platform_key=told["platformKey"],
        codat_id=UUID(told["id"]),
        status=told["status"],
        seen_at=timezone.now() - timedelta(hours=1),
    )


def same_as_codat(sandbox: Sandbox) -> bool:
    theirs = {each["id"]: each["status"] for company in sandbox.companies() for each in company["connections"]}
    ours = Connection.objects.exclude(status=Status.DELETED).values_list("codat_id", "status")
    return theirs == {str(codat_id): status for codat_id, status in ours}
