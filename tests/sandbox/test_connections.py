"""Connections: statuses, what is refused, and what deleting leaves."""

import uuid

import pytest


def test_create_answers_200_pending_with_a_link(api):
    company = api.company()

    connection = api.connection(company["id"], "gbol")

    assert (connection["status"], connection["integrationKey"], connection["platformName"]) == (
        "PendingAuth",
        "gbol",
        "Xero",
    )
    assert f"/connections/{connection['id']}/start?otp=" in connection["linkUrl"]
    assert "lastSync" not in connection


@pytest.mark.parametrize("key", ["zzzz", "", None, 7, "vxvy"])
def test_unknown_or_disabled_platform_is_refused(api, key):
    company = api.company()

    assert api.post(f"/companies/{company['id']}/connections", json={"platformKey": key}).status_code == 400


def test_platform_disabled_meanwhile_is_refused(api, sandbox):
    company = api.company()
    sandbox.enable("qhyg", on=False)

    assert api.post(f"/companies/{company['id']}/connections", json={"platformKey": "qhyg"}).status_code == 400


def test_second_accounting_connection_beside_a_linked_one_is_refused(api, linked):
    answer = api.post(f"/companies/{linked['companyId']}/connections", json={"platformKey": "gbol"})

    assert answer.status_code == 400


def test_second_accounting_connection_beside_a_pending_one_is_allowed(api):
    company = api.company()

    assert api.connection(company["id"])["id"] != api.connection(company["id"])["id"]


def test_banking_connection_beside_a_linked_accounting_one_is_allowed(api, linked):
    assert api.connection(linked["companyId"], "gvxb")["sourceType"] == "Banking"


def test_unlink_then_reconnect_keeps_the_connection(api, sandbox, linked):
    path = f"/companies/{linked['companyId']}/connections/{linked['id']}"

    answer = api.patch(path, json={"status": "Unlinked"})
    sandbox.authorise(linked["id"])

    assert (answer.status_code, answer.json()["status"]) == (200, "Unlinked")
    assert (api.get(path).json()["id"], api.get(path).json()["status"]) == (linked["id"], "Linked")


@pytest.mark.parametrize("status", ["PendingAuth", "Unlinked", "Deauthorized"])
def test_unlink_is_refused_unless_linked(api, sandbox, linked, status):
    sandbox.drift(linked["id"], status)

    answer = api.patch(f"/companies/{linked['companyId']}/connections/{linked['id']}", json={"status": "Unlinked"})

    assert answer.status_code == 400


@pytest.mark.parametrize("status", ["Linked", "Paused", None])
def test_patch_takes_no_other_status(api, linked, status):
    answer = api.patch(f"/companies/{linked['companyId']}/connections/{linked['id']}", json={"status": status})

    assert answer.status_code == 400


def test_delete_answers_200_without_body_and_is_final(api, linked):
    path = f"/companies/{linked['companyId']}/connections/{linked['id']}"

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404


def test_connection_of_another_company_is_not_found(api, linked):
    stranger = api.company("Stranger")

    assert api.get(f"/companies/{stranger['id']}/connections/{linked['id']}").status_code == 404
    assert api.get(f"/companies/{stranger['id']}/connections/{uuid.uuid4()}").status_code == 404


def test_deauthorised_connection_shows_the_error(api, sandbox, linked):
    sandbox.deauthorise(linked["id"])

    shown = api.get(f"/companies/{linked['companyId']}/connections/{linked['id']}").json()

    assert shown["status"] == "Deauthorized"
    assert (shown["dataConnectionErrors"][0]["statusCode"], shown["connectionInfo"]) == ("401", None)


def test_authorization_links_without_a_first_read(api, sandbox):
    company = api.company()
    connection = api.connection(company["id"])

    answer = api.put(f"/companies/{company['id']}/connections/{connection['id']}/authorization", json={"token": "x"})

    assert answer.json()["status"] == "Linked"
    assert api.get(f"/companies/{company['id']}/data/history").json()["totalResults"] == 0


def test_integration_key_can_be_missing(api, sandbox, linked):
    sandbox.settings(integration_key=False)

    shown = api.get(f"/companies/{linked['companyId']}/connections/{linked['id']}").json()

    assert "integrationKey" not in shown


def test_unknown_status_is_shown_when_ordered(api, sandbox, linked):
    sandbox.unknown_status(linked["id"], "Paused")
    path = f"/companies/{linked['companyId']}/connections/{linked['id']}"

    assert api.get(path).json()["status"] == "Paused"
    assert sandbox.connection(linked["id"])["status"] == "Linked"


def test_partner_connection_needs_a_linked_accounting_one(api, sandbox):
    company = api.company()
    path = f"/companies/{company['id']}/sync/expenses/connections/partnerExpense"
    connection = api.connection(company["id"])

    refused = api.post(path)
    sandbox.authorise(connection["id"])
    made = api.post(path)

    assert (refused.status_code, made.status_code) == (400, 200)
    assert (made.json()["sourceType"], made.json()["status"]) == ("Expense", "Linked")


def test_expenses_config_needs_all_three_ids(api, linked):
    path = f"/companies/{linked['companyId']}/sync/expenses/config"
    config = {"bankAccount": {"id": "89"}, "supplier": {"id": "124"}, "customer": {"id": "140"}}

    assert api.get(path).status_code == 404
    assert api.post(path, json={"bankAccount": {"id": "89"}}).status_code == 400
    assert api.post(path, json=config).json() == config
    assert api.get(path).json() == config


def test_payables_info_tells_the_organisation_of_a_linked_connection(api, sandbox):
    company = api.company()
    connection = api.connection(company["id"])
    path = f"/companies/{company['id']}/connections/{connection['id']}/payables"

    before = api.get(f"{path}/info")
    sandbox.authorise(connection["id"], organisation="Harbour Street Books Ltd")

    assert before.status_code == 400
    assert api.get(f"{path}/info").json()["companyName"] == "Harbour Street Books Ltd"
    assert api.get(f"{path}/mappingOptions/bills").json()["accounts"]
    assert api.get(f"{path}/mappingOptions/payments").json()["bankAccounts"]
