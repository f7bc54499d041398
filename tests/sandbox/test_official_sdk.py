"""The official `codat-platform` package drives the sandbox."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from codat_platform import CodatPlatform
from codat_platform.models import errors, operations, shared
from codat_platform.utils import BackoffStrategy, RetryConfig

from tests.kit import Sandbox

AT_ONCE = RetryConfig("backoff", BackoffStrategy(1, 10, 1.5, 100), retry_connection_errors=False)


@pytest.fixture
def official(sandbox: Sandbox) -> Iterator[CodatPlatform]:
    key = "Basic " + base64.b64encode(sandbox.api_key.encode()).decode()
    with CodatPlatform(
        server_url=sandbox.url, security=shared.Security(auth_header=key), retry_config=AT_ONCE
    ) as client:
        yield client


def connected(official: CodatPlatform) -> tuple[str, str]:
    """(company id, connection id)"""
    company = official.companies.create(request=shared.CompanyRequestBody(name="Toft Stores", tags={"uid": "u-1"}))
    request = operations.CreateConnectionRequest(
        company_id=company.id, request_body=operations.CreateConnectionRequestBody(platform_key="gbol")
    )
    return company.id, official.connections.create(request=request).id


def test_create_list_connect_unlink_delete(official, sandbox):
    company_id, connection_id = connected(official)
    ids = {"company_id": company_id, "connection_id": connection_id}

    sandbox.authorise(connection_id)
    listed = official.companies.list(request=operations.ListCompaniesRequest(tags="uid=u-1"))
    unlink = operations.UnlinkConnectionRequest(
        **ids, update_connection_status=shared.UpdateConnectionStatus(status="Unlinked")
    )
    unlinked = official.connections.unlink(request=unlink)
    official.connections.delete(request=operations.DeleteConnectionRequest(**ids))
    official.companies.delete(request=operations.DeleteCompanyRequest(company_id=company_id))

    assert [connection.status for connection in listed.results[0].data_connections] == ["Linked"]
    assert unlinked.status == "Unlinked"
    assert sandbox.companies() == []
    assert [request.invalid for request in sandbox.requests()] == [False] * 6


def test_data_status_is_read_by_the_package(official, sandbox):
    company_id, connection_id = connected(official)
    sandbox.authorise(connection_id)

    status = official.refresh_data.get(request=operations.GetCompanyDataStatusRequest(company_id=company_id))

    assert status.bills.current_status == "Complete"


def test_refusal_becomes_the_packages_error(official, sandbox):
    company_id, connection_id = connected(official)
    unlink = operations.UnlinkConnectionRequest(
        company_id=company_id,
        connection_id=connection_id,
        update_connection_status=shared.UpdateConnectionStatus(status="Unlinked"),
    )

    with pytest.raises(errors.CodatPlatformError) as caught:
        official.connections.unlink(request=unlink)

    assert caught.value.status_code == 400


def test_package_makes_a_second_company_when_an_answer_is_an_error(official, sandbox):
    """Why the portal sends its own Idempotency-Key: the package repeats a POST without one."""
    sandbox.next_answer(500, method="POST", after_effect=True)

    official.companies.create(request=shared.CompanyRequestBody(name="Twice"))

    assert [company["name"] for company in sandbox.companies()] == ["Twice", "Twice"]
