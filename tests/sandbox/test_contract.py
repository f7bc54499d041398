"""The sandbox against Codat's published specifications: every operation, every event, and generated requests."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from tests.sandbox import specification
from tests.sandbox.specification import REST_SPECIFICATIONS

GIVE_UP_SECONDS = 600  # of one generated run, on a machine that does much else
GONE = {"get-connection-management-access-token"}  # answers 404 since 2026-10-12

SETTING = {"dataType": "bills", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0}
CONFIG = {"bankAccount": {"id": "89"}, "supplier": {"id": "124"}, "customer": {"id": "140"}}
BODIES = {
    "create-company": {"name": "Toft Stores", "description": "two shops", "tags": {"uid": "c-1"}},
    "replace-company": {"name": "Toft Stores", "tags": {"uid": "c-1"}},
    "update-company": {"description": "three shops"},
    "create-connection": {"platformKey": "gvxb"},
    "unlink-connection": {"status": "Unlinked"},
    "update-connection-authorization": {"accessToken": "0000", "businessId": "1"},
    "create-webhook-consumer": {"url": "https://portal.example.com/hooks/", "eventTypes": ["company.deleted"]},
    "set-cors-settings": {"allowedOrigins": ["https://portal.example.com"]},
    "update-profile": {"name": "Alderway", "redirectUrl": "https://portal.example.com/return/"},
    "set-company-configuration": CONFIG,
}
LAST = ("unlink-connection", "delete-connection", "remove-product", "delete-webhook-consumer", "delete-company")


def walk(name: str, api, sandbox, linked: dict) -> dict[str, object]:
    """Calls every operation of a specification once, in an order that works; returns operation id -> answer."""
    sandbox.deauthorise(linked["id"])
    sandbox.authorise(linked["id"])
    api.post(f"/companies/{linked['companyId']}/sync/expenses/config", json=CONFIG)
    consumer = api.post("/webhooks", json=BODIES["create-webhook-consumer"]).json()
    dataset = api.get(f"/companies/{linked['companyId']}/data/history").json()["results"][0]
    values = {
        "companyId": linked["companyId"],
        "connectionId": linked["id"],
        "datasetId": dataset["id"],
        "dataType": "bills",
        "platformKey": "qhyg",
        "productIdentifier": "lending",
        "webhookId": consumer["id"],
    }
    bodies = {
        **BODIES,
        "set-company-syncSettings": {
            "companyId": linked["companyId"],
            "settings": [SETTING],
            "overridesDefaults": True,
        },
        "update-profile-syncSettings": {
            "clientId": str(uuid.uuid4()),
            "settings": [SETTING],
            "overridesDefaults": True,
        },
    }
    order = sorted(specification.operations(name), key=lambda op: LAST.index(op[2]) + 1 if op[2] in LAST else 0)
    return {
        operation_id: api.request(method, path.format(**values), json=bodies.get(operation_id))
        for method, path, operation_id in order
    }


@pytest.mark.parametrize("name", REST_SPECIFICATIONS)
def test_every_operation_answers_as_published(api, sandbox, linked, name):
    answers = walk(name, api, sandbox, linked)

    for operation_id, answer in answers.items():
        request = answer.request
        path = request.path_url
        told = specification.check_answer(name, request.method, path, answer.status_code, answer.content)
        expected = (
            {404} if operation_id in GONE else {400} if operation_id == "refresh-product-data" else {200, 201, 204}
        )
        assert (told, answer.status_code in expected) == (operation_id, True), answer.text


@pytest.mark.parametrize("name", REST_SPECIFICATIONS)
def test_errors_answer_as_published(api, sandbox, name):
    company = f"/companies/{uuid.uuid4()}"
    for status in (401, 402, 403, 429, 500, 503):
        sandbox.next_answer(status)
        answer = api.get("/companies")
        specification.check_answer(name, "GET", "/companies", status, answer.content)
    specification.check_answer(name, "GET", company, 404, api.get(company).content)
    specification.check_answer(name, "GET", "/companies", 400, api.get("/companies?page=0").content)


def test_every_event_is_as_published(api, sandbox, endpoint):
    sandbox.settings(connection_events_on_company_delete=True)
    company = api.company("Quayside", uid="u-1")
    connection = api.connection(company["id"])
    sandbox.cancel(connection["id"])
    sandbox.authorise(connection["id"])
    api.post(f"/companies/{company['id']}/sync/expenses/connections/partnerExpense")
    api.post(f"/companies/{company['id']}/data/all")
    sandbox.unlink(connection["id"])
    sandbox.authorise(connection["id"])
    sandbox.deauthorise(connection["id"])
    for successful in (True, False):
        sandbox.write(connection["id"], successful=successful)
        sandbox.expense_sync(company["id"], successful=successful)
    api.put(f"/companies/{company['id']}/products/lending")
    api.delete(f"/companies/{company['id']}/products/lending")
    api.delete(f"/companies/{company['id']}")
    sandbox.quota(daily=0)
    api.get("/profile")
    sandbox.clock(86_400)
    sandbox.settle()

    for received in endpoint.received:
        specification.check_event(received.event)
    published = {name.replace("{dataType}", "bills") for name in specification.load("webhooks")["webhooks"]}
    assert set(endpoint.event_types) == published


@pytest.mark.timeout(2 * GIVE_UP_SECONDS)
@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("platform", "."),
        ("bill-pay-sync", "payables/"),
        ("bill-pay-async", "data/info"),
        ("expenses", "expenses/|data/[cs]"),
    ],
)
def test_generated_requests_get_published_answers(api, sandbox, linked, tmp_path, name, paths):
    """Good and bad requests about a company and a connection that exist; what specifications share, once."""
    (tmp_path / "spec.json").write_text(json.dumps(specification.amended(name)))
    (tmp_path / "schemathesis.toml").write_text(
        f'[parameters]\n"path.companyId" = "{linked["companyId"]}"\n"path.connectionId" = "{linked["id"]}"\n'
    )
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"), "run"]
    command += [
        str(tmp_path / "spec.json"),
        "--url",
        sandbox.url,
        "-H",
        f"Authorization:{api.headers['Authorization']}",
    ]
    command += ["--checks", "status_code_conformance,response_schema_conformance,content_type_conformance"]
    command += ["--phases", "fuzzing", "--max-examples", "6", "--generation-deterministic", "--no-color"]
    command += ["--suppress-health-check", "too_slow"]  # a busy machine is no fault of the sandbox
    command += [
        "--include-path-regex",
        paths,
        "--exclude-operation-id",
        "delete-company",
        "--exclude-operation-id",
        "delete-connection",
    ]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=GIVE_UP_SECONDS, check=False)

    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
