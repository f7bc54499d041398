"""Link pages: one-time addresses, the customer's decision, and the way back."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests


def opened(url: str) -> requests.Response:
    """The page behind a link address, as a browser follows it."""
    return requests.get(url, timeout=10)


def decided(url: str, answer: str, **fields: str) -> requests.Response:
    page = opened(url)
    return requests.post(page.url, data={"answer": answer, **fields}, allow_redirects=False, timeout=10)


@pytest.fixture
def pending(api) -> dict:
    company = api.company()
    return {**api.connection(company["id"], "gbol"), "companyId": company["id"]}


def test_page_says_which_software(pending):
    page = opened(pending["linkUrl"])

    assert page.status_code == 200
    assert "Connect Xero" in page.text


def test_the_browsers_own_request_for_an_icon_is_none_of_the_clients(sandbox):
    sandbox.forget_requests()

    assert requests.get(f"{sandbox.url}/favicon.ico", timeout=10).status_code == 204
    assert sandbox.requests() == []


@pytest.mark.parametrize(
    ("answer", "code", "message", "status"),
    [
        ("authorise", "200", "", "Linked"),
        ("cancel", "403", "User cancelled", "PendingAuth"),
        ("fail", "500", "Unknown error occurred", "PendingAuth"),
        ("unsupported", "501", "Not supported", "PendingAuth"),
    ],
)
def test_decision_returns_with_its_code(sandbox, pending, answer, code, message, status):
    back = decided(pending["linkUrl"], answer)

    query = parse_qs(urlsplit(back.headers["Location"]).query, keep_blank_values=True)
    assert back.status_code == 303
    assert back.headers["Location"].startswith("http://testserver/return/?")
    assert (query["statusCode"], query["errorMessage"]) == ([code], [message])
    assert (query["companyId"], query["connectionId"]) == ([pending["companyId"]], [pending["id"]])
    assert sandbox.connection(pending["id"])["status"] == status


def test_organisation_is_the_customers_choice(sandbox, pending):
    decided(pending["linkUrl"], "authorise", organisation="Quayside Ltd")

    assert sandbox.connection(pending["id"])["organisation"] == "Quayside Ltd"


def test_already_linked_returns_201_without_connection(api, linked):
    fresh = api.get(f"/companies/{linked['companyId']}/connections/{linked['id']}").json()["linkUrl"]

    back = decided(fresh, "authorise")

    query = parse_qs(urlsplit(back.headers["Location"]).query, keep_blank_values=True)
    assert (query["statusCode"], query["connectionId"]) == (["201"], [""])


def test_second_active_accounting_connection_fails_at_link(api, sandbox):
    company = api.company()
    first, second = api.connection(company["id"]), api.connection(company["id"], "gbol")
    sandbox.authorise(first["id"])

    back = decided(second["linkUrl"], "authorise")

    assert "statusCode=500" in back.headers["Location"]
    assert sandbox.connection(second["id"])["status"] == "PendingAuth"


def test_link_address_opens_once(pending):
    assert opened(pending["linkUrl"]).status_code == 200
    assert opened(pending["linkUrl"]).status_code == 403


def test_link_address_is_dead_after_a_day(sandbox, pending):
    sandbox.clock(86_400)

    assert opened(pending["linkUrl"]).status_code == 403


def test_each_read_makes_another_password_and_older_ones_stay(api, pending):
    again = api.get(f"/companies/{pending['companyId']}/connections/{pending['id']}").json()["linkUrl"]

    assert again != pending["linkUrl"]
    assert [opened(url).status_code for url in (pending["linkUrl"], again)] == [200, 200]


def test_address_without_password_is_refused(api, pending):
    bare = api.get("/companies").json()["results"][0]["dataConnections"][0]["linkUrl"]

    assert "otp" not in bare
    assert opened(bare).status_code == 403


def test_passwords_can_be_off(api, sandbox):
    sandbox.settings(one_time_links=False)
    connection = api.connection(api.company()["id"])

    assert "otp" not in connection["linkUrl"]
    assert [opened(connection["linkUrl"]).status_code for _ in range(2)] == [200, 200]


def test_link_hands_on_to_the_softwares_own_host(api, sandbox):
    sandbox.settings(software_host="localhost")
    connection = api.connection(api.company()["id"])

    hop = requests.get(connection["linkUrl"], allow_redirects=False, timeout=10)

    assert hop.status_code == 302
    assert urlsplit(hop.headers["Location"]).hostname == "localhost"
    assert decided(connection["linkUrl"].split("?")[0], "authorise").status_code in {403, 404, 405}


def test_link_addresses_can_have_another_host(api, sandbox):
    sandbox.settings(link_host="localhost")

    connection = api.connection(api.company()["id"])

    assert urlsplit(connection["linkUrl"]).hostname == "localhost"
    assert opened(connection["linkUrl"]).status_code == 200


def test_custom_parameters_fill_the_redirect_template(api, sandbox, pending):
    sandbox.settings(redirect_url="http://testserver/{customRef}?ref={customRef}&x={missing}&p={platform}")

    back = decided(pending["linkUrl"] + "&customRef=a%26b", "authorise")

    assert back.headers["Location"] == "http://testserver/a%26b?ref=a%26b&x=&p=gbol"


def test_without_redirect_address_link_says_it_is_finished(sandbox, pending):
    sandbox.settings(redirect_url="")

    page = decided(pending["linkUrl"], "authorise")

    assert (page.status_code, "Connected" in page.text) == (200, True)


def test_company_address_lets_the_customer_choose(api, sandbox):
    company = api.company()
    page = opened(company["redirect"])

    chosen = requests.post(page.url, data={"platform": "gbol"}, timeout=10)
    requests.post(chosen.url, data={"answer": "authorise"}, allow_redirects=False, timeout=10)

    assert "QuickBooks Online" in page.text
    assert [c["status"] for c in sandbox.companies()[0]["connections"]] == ["Linked"]


def test_company_address_can_hide_the_sandboxes(api):
    shown = opened(api.company()["redirect"]).text
    hidden = opened(api.company()["redirect"] + "&link.showSandboxIntegrations=false").text

    assert "QuickBooks Online Sandbox" in shown
    assert "QuickBooks Online Sandbox" not in hidden


def test_deleted_connection_ends_the_visit(sandbox, pending):
    page = opened(pending["linkUrl"])
    sandbox.delete_connection(pending["id"])

    assert requests.post(page.url, data={"answer": "authorise"}, timeout=10).status_code == 403


def test_names_are_escaped(api, sandbox):
    company = api.company("Tom & Co")
    connection = api.connection(company["id"])
    sandbox.authorise(connection["id"], organisation='<script>"')
    sandbox.deauthorise(connection["id"])

    page = opened(api.get(f"/companies/{company['id']}/connections/{connection['id']}").json()["linkUrl"])

    assert "Tom &amp; Co" in page.text
    assert "<script>" not in page.text


def test_desk_takes_access_away(sandbox, linked):
    page = opened(f"{sandbox.url}/")
    fields = {"connection": linked["id"], "act": "deauthorise"}

    requests.post(f"{sandbox.url}/desk", data=fields, timeout=10)

    assert "Take access away" in page.text
    assert sandbox.connection(linked["id"])["status"] == "Deauthorized"


def test_kit_visits_link_like_a_browser(sandbox, pending):
    location = sandbox.visit_link(pending["linkUrl"], "cancel")

    assert "statusCode=403" in location


def test_link_pages_are_not_api_requests(sandbox, pending):
    sandbox.forget_requests()
    decided(pending["linkUrl"], "authorise")

    assert sandbox.requests() == []
