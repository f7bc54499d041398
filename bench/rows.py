"""Rows in bulk: companies with their connections, and what else lists and pages read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4


class Facts(NamedTuple):
    """Codat's ids of a company and its connection."""

    company_id: UUID
    connection_id: UUID


def linked(companies: int) -> list[Facts]:
    """Companies with one Linked connection each, seen an hour ago."""
    from onboarding.models import Company, Connection

    facts = [Facts(uuid4(), uuid4()) for _ in range(companies)]
    at = datetime.now(UTC) - timedelta(hours=1)
    made = Company.objects.bulk_create(
        (
            Company(
                ref=f"B{n:07}",
                customer_id=f"customer-{n}",
                name=f"Customer {n} Ltd",
                email=f"owner-{n}@customer.example",
                product="bill_pay_async",
                codat_id=fact.company_id,
                state="linked",
                state_since=at,
                turn=3,
                linked_at=at,
            )
            for n, fact in enumerate(facts)
        ),
        batch_size=2000,
    )
    Connection.objects.bulk_create(
        (
            Connection(
                company=company,
                platform_key="gbol",
                codat_id=fact.connection_id,
                status="Linked",
                status_at=at,
                seen_at=at,
                linked_at=at,
                read_started_at=at,
                first_read_at=at,
                last_read_at=at,
            )
            for company, fact in zip(made, facts, strict=True)
        ),
        batch_size=2000,
    )
    return facts
