"""First reads and refreshes: progress per data type, how they end, and what may be asked when."""

import pytest


def statuses(api, company_id: str) -> dict[str, str]:
    shown = api.get(f"/companies/{company_id}/dataStatus").json()
    return {name: status.get("currentStatus", "never") for name, status in shown.items()}


def types_announced(sandbox) -> list[str]:
    return [event["eventType"] for event in sandbox.events() if event["eventType"].startswith("read.")]


def test_never_read_shows_only_the_names(api):
    company = api.company()

    shown = api.get(f"/companies/{company['id']}/dataStatus").json()

    assert shown["suppliers"] == {"dataType": "suppliers"}


def test_first_read_ends_complete_and_is_announced(api, sandbox, linked):
    assert set(statuses(api, linked["companyId"]).values()) == {"Complete"}
    assert types_announced(sandbox) == ["read.completed.initial"]
    assert api.get(f"/companies/{linked['companyId']}").json()["lastSync"]


def test_first_read_takes_its_time(api, sandbox):
    sandbox.read_speed(600)
    company = api.company()
    sandbox.authorise(api.connection(company["id"])["id"])

    assert set(statuses(api, company["id"]).values()) == {"Queued"}
    assert types_announced(sandbox) == []


def test_read_ends_as_ordered_per_data_type(api, sandbox):
    sandbox.read_speed(600)
    company = api.company()
    sandbox.authorise(api.connection(company["id"])["id"])

    sandbox.reads(company["id"], bills="FetchError", suppliers="NotSupported")

    shown = statuses(api, company["id"])
    assert (shown["bills"], shown["suppliers"], shown["company"]) == ("FetchError", "NotSupported", "Complete")
    assert types_announced(sandbox) == ["read.completed.initial"]
    failed = api.get(f"/companies/{company['id']}/data/history", params={"query": "status=FetchError"}).json()
    assert failed["results"][0]["isErrored"] is True


def test_read_can_be_held(api, sandbox):
    sandbox.read_speed(600)
    company = api.company()
    sandbox.authorise(api.connection(company["id"])["id"])

    sandbox.reads(company["id"], bills="Fetching")
    held = statuses(api, company["id"])["bills"]
    sandbox.reads(company["id"])

    assert (held, statuses(api, company["id"])["bills"]) == ("Fetching", "Complete")
    assert types_announced(sandbox) == ["read.completed.initial"]


def test_outcomes_can_be_set_before_the_read(api, sandbox):
    sandbox.settings(read_outcomes={"bills": "AuthError"})
    company = api.company()
    sandbox.authorise(api.connection(company["id"])["id"])

    assert statuses(api, company["id"])["bills"] == "AuthError"


def test_desktop_stays_queued_on_order(api, sandbox):
    sandbox.settings(desktop_stays_queued=True)
    company = api.company()
    sandbox.authorise(api.connection(company["id"], "pqsw")["id"])

    assert set(statuses(api, company["id"]).values()) == {"Queued"}


def test_reconnect_reads_initially_again(api, sandbox, linked):
    sandbox.deauthorise(linked["id"])
    sandbox.authorise(linked["id"])

    assert types_announced(sandbox) == ["read.completed.initial"] * 2


def test_lost_access_ends_the_read_without_announcement(api, sandbox):
    sandbox.read_speed(600)
    company = api.company()
    connection = api.connection(company["id"])
    sandbox.authorise(connection["id"])

    sandbox.deauthorise(connection["id"])

    assert set(statuses(api, company["id"]).values()) == {"AuthError"}
    assert types_announced(sandbox) == []


def test_refresh_all_answers_204_and_is_announced(api, sandbox, linked):
    answer = api.post(f"/companies/{linked['companyId']}/data/all")

    assert (answer.status_code, answer.content) == (204, b"")
    assert types_announced(sandbox) == ["read.completed.initial", "read.completed"]


def test_refresh_needs_a_linked_connection(api, sandbox, linked):
    sandbox.unlink(linked["id"])

    assert api.post(f"/companies/{linked['companyId']}/data/all").status_code == 400


def test_queue_answers_the_pull_operation(api, linked):
    answer = api.post(f"/companies/{linked['companyId']}/data/queue/company")

    assert answer.status_code == 200
    assert answer.json()["dataType"] == "company"


def test_queue_of_a_type_in_progress_is_refused(api, sandbox, linked):
    sandbox.read_speed(600)
    path = f"/companies/{linked['companyId']}/data/queue/company"

    first, second = api.post(path), api.post(path)

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json()["error"].startswith("DatasetAlreadyInProgressException:")


def test_queue_of_an_unknown_type_answers_404(api, linked):
    answer = api.post(f"/companies/{linked['companyId']}/data/queue/nothing")

    assert answer.status_code == 404
    assert "not supported by platform(s)" in answer.json()["error"]


def test_completion_cannot_be_queried(api, linked):
    path = f"/companies/{linked['companyId']}/data/history"

    assert api.get(path, params={"query": "isCompleted=true"}).status_code == 400
    assert api.get(path, params={"query": "status!=Complete&&status!=NotSupported"}).json()["totalResults"] == 0


@pytest.mark.parametrize("what", ["info", "customers", "suppliers"])
def test_data_answers_409_until_it_was_read(api, sandbox, what):
    company = api.company()
    connection = api.connection(company["id"])
    path = f"/companies/{company['id']}/data/{what}"

    before = api.get(path).status_code
    sandbox.authorise(connection["id"], organisation="Quayside Ltd")

    assert (before, api.get(path).status_code) == (409, 200)


def test_company_settings_decide_what_is_read(api, sandbox):
    company = api.company()
    setting = {"dataType": "bills", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0}
    body = {"companyId": company["id"], "settings": [setting], "overridesDefaults": True}

    assert api.post(f"/companies/{company['id']}/syncSettings", json=body).status_code == 204
    sandbox.authorise(api.connection(company["id"])["id"])

    assert statuses(api, company["id"]) == {"bills": "Complete"}
