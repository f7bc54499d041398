from datetime import UTC, datetime
from uuid import UUID

import pytest

from onboarding.codat import (
    AccessToken,
    Branding,
    Company,
    CompanyInfo,
    Connection,
    Garbled,
    Integration,
    LinkUrl,
    Page,
    Profile,
    PullOperation,
    WebhookConsumer,
)
from onboarding.codat.account import sync_settings, webhook_consumers
from onboarding.codat.answers import data_statuses

from .conftest import told

COMPANY_ID = UUID("77921ff9-2491-4dfe-b23b-ff28f3e31e4f")
CONNECTION_ID = UUID("7baba7cc-4ae0-48fd-a617-98d55a6fc008")

NEEDED = [
    (Company.from_json, "get-company.200", "id"),
    (Company.from_json, "get-company.200", "name"),
    (Connection.from_json, "get-connection.200", "id"),
    (Connection.from_json, "get-connection.200", "status"),
    (PullOperation.from_json, "get-pull-operation.200", "status"),
    (Integration.from_json, "get-integration.200", "key"),
    (WebhookConsumer.from_json, "create-webhook-consumer.201", "id"),
    (AccessToken.from_json, "get-company-access-token.200", "accessToken"),
    (Profile.from_json, "get-profile.200", "name"),
]


def test_company_is_read():
    company = Company.from_json(told("get-company.200"))

    assert (company.id, company.name, company.description) == (COMPANY_ID, "Sawayn Group", "")
    assert company.created == datetime(2023, 9, 6, 9, 13, 35, 818815, tzinfo=UTC)
    assert company.last_sync is None
    assert company.products == ("payables-v2",)
    assert company.tags == {"uid": "cust-000123", "region": "uk"}
    assert [each.id for each in company.connections] == [CONNECTION_ID]


def test_company_of_few_fields_is_read():
    company = Company.from_json(told("create-company.200-minimal"))

    assert (company.products, company.tags, company.connections) == ((), {}, ())


def test_company_shows_no_link_url():
    company = Company.from_json(told("get-company.200"))

    assert "codat.io" not in repr(company)
    assert "742271" not in repr(company)


def test_connection_is_read():
    connection = Connection.from_json(told("create-connection.200"))

    assert (connection.id, connection.status, connection.platform_key) == (CONNECTION_ID, "PendingAuth", "qhyg")
    assert (connection.platform_name, connection.source_type) == ("QuickBooks Online", "Accounting")
    assert connection.link_url.reveal().endswith("/start?otp=742271")
    assert connection.created == datetime(2023, 9, 6, 9, 21, 57, 80744, tzinfo=UTC)
    assert (connection.last_sync, connection.errors, connection.info) == (None, (), {})


def test_connection_tells_what_went_wrong():
    [fault] = Connection.from_json(told("get-connection.200-deauthorized")).errors

    assert (fault.status_code, fault.status) == ("401", "Active")
    assert fault.message == "The integration de-authorized access to the connection."
    assert fault.occurred_at == datetime(2023, 12, 27, 9, 53, 29, tzinfo=UTC)
    assert fault.resolved_at is None


def test_connection_without_platform_key_is_read():
    assert Connection.from_json(told("create-partner-expense-connection.200")).platform_key == ""


def test_connection_keeps_a_status_nobody_knows():
    connection = Connection.from_json({**told("get-connection.200"), "status": "Paused", "sourceType": "Crypto"})

    assert (connection.status, connection.source_type) == ("Paused", "Crypto")


def test_connection_of_id_and_status_alone_is_read():
    connection = Connection.from_json({"id": str(CONNECTION_ID), "status": "Linked", "linkUrl": None, "lastSync": 7})

    assert connection.link_url == LinkUrl("")
    assert connection.last_sync is None


@pytest.mark.parametrize(("reader", "example", "name"), NEEDED)
@pytest.mark.parametrize("instead", [None, 7, "", []])
def test_answer_without_what_we_need_is_garbled(reader, example, name, instead):
    with pytest.raises(Garbled) as caught:
        reader({**told(example), name: instead})

    assert caught.value.reason == f"no {name}"


@pytest.mark.parametrize("reader", [reader for reader, _, _ in NEEDED] + [Branding.from_json, CompanyInfo.from_json])
@pytest.mark.parametrize("answer", [None, [], "text", 7])
def test_answer_of_another_kind_is_garbled(reader, answer):
    with pytest.raises(Garbled):
        reader(answer)


@pytest.mark.parametrize(("reader", "example", "name"), NEEDED)
def test_answer_with_more_than_we_know_is_read(reader, example, name):
    assert reader({**told(example), "brandNew": {"deep": [1]}}) == reader(told(example))


def read_page(answer, page=1, page_size=100):
    return Page.from_json(answer, Company.from_json, page=page, page_size=page_size)


def test_page_is_read():
    page = read_page(told("list-companies.200"))

    assert [company.id for company in page.results][:1] == [COMPANY_ID]
    assert (page.page_number, page.page_size, page.total_results, page.has_next) == (1, 2, 5, True)


@pytest.mark.parametrize(
    ("answer", "has_next"),
    [
        ({"_links": {"self": {"href": "/a"}, "next": {"href": "/b"}}}, True),
        ({"_links": {"self": {"href": "/a"}}, "totalResults": 500}, False),
        ({"totalResults": 500, "pageSize": 100}, True),
        ({"totalResults": 100, "pageSize": 100}, False),
        ({"totalResults": 3, "pageSize": 1}, True),
        ({"totalResults": 500, "_links": {}}, True),
        ({}, False),
        ({"pageSize": 1}, True),
    ],
)
def test_page_knows_whether_another_follows(answer, has_next):
    assert read_page({"results": [told("get-company.200")], **answer}).has_next is has_next


def test_empty_page_is_the_last_whatever_its_links_say():
    page = read_page({"results": [], "totalResults": 900, "_links": {"next": {"href": "/companies?page=3"}}}, page=2)

    assert (page.results, page.has_next, page.total_results) == ((), False, 900)


def test_page_leaves_out_what_nobody_can_read():
    page = read_page({"results": [{"id": "?"}, told("get-company.200"), None]})

    assert [company.id for company in page.results] == [COMPANY_ID]


@pytest.mark.parametrize("answer", [{}, {"results": None}, {"results": {}}, {"results": [{"id": "?"}]}, []])
def test_page_is_garbled(answer):
    with pytest.raises(Garbled):
        read_page(answer)


def test_integrations_are_read():
    page = Page.from_json(told("list-integrations.200"), Integration.from_json, page=1, page_size=100)

    assert [(each.key, each.enabled, each.is_offline) for each in page.results] == [
        ("gbol", True, False),
        ("pqsw", False, True),
    ]
    assert page.results[0].logo_url == "https://static.codat.io/public/platforms/gbol.png"


def test_branding_is_read():
    branding = Branding.from_json(told("get-integrations-branding.200"))

    assert "/officialLogos/Square/" in branding.square_logo_url
    assert "/officialLogos/Full/" in branding.full_logo_url
    assert "/officialButtons/" in branding.button_url and "/officialButtons/" in branding.button_hover_url


def test_branding_without_buttons_is_read():
    branding = Branding.from_json(told("get-integrations-branding.200-no-button"))

    assert (branding.button_url, branding.button_hover_url) == ("", "")


def test_data_statuses_are_read():
    statuses = data_statuses(told("get-company-data-status.200"))

    assert {name: each.current_status for name, each in statuses.items()} == {
        "suppliers": "Complete",
        "bills": "FetchError",
        "chartOfAccounts": "Fetching",
    }
    assert statuses["bills"].latest_sync_id != statuses["bills"].latest_successful_sync_id


def test_data_status_of_a_type_never_read_is_empty():
    statuses = data_statuses(told("get-company-data-status.200-never-synced"))

    assert (statuses["suppliers"].current_status, statuses["suppliers"].last_successful_sync) == ("", None)


def test_pull_operation_is_read():
    pull = PullOperation.from_json(told("get-pull-operation.200"))

    assert (pull.company_id, pull.connection_id, pull.data_type) == (COMPANY_ID, CONNECTION_ID, "bills")
    assert (pull.status, pull.progress, pull.is_completed, pull.is_errored) == ("FetchError", 100, False, True)
    assert (pull.status_description, pull.error_message) == ("", "The source platform is unavailable.")


@pytest.mark.parametrize(
    ("example", "name"), [("get-company-info.200", "Codat"), ("get-company-information.200", "Bank of Dave")]
)
def test_company_info_is_read_from_both_products(example, name):
    info = CompanyInfo.from_json(told(example))

    assert (info.name, info.base_currency) == (name, "GBP")
    assert name not in repr(info)


def test_company_info_may_be_empty():
    assert CompanyInfo.from_json({"companyName": None, "baseCurrency": None}) == CompanyInfo("", "")


@pytest.mark.parametrize("example", ["get-profile-syncSettings.200", "get-company-syncSettings.200"])
def test_sync_settings_are_read(example):
    settings = {each.data_type: each for each in sync_settings(told(example))}

    assert (settings["bills"].fetch_on_first_link, settings["bills"].sync_schedule_hours) == (True, 24)


def test_webhook_consumers_are_read():
    live, old = webhook_consumers(told("list-webhook-consumers.200"))

    assert (live.url, live.disabled, live.company_tags) == (
        "https://portal.example.com/codat/webhooks/",
        False,
        ("region:uk",),
    )
    assert "connection.connected" in live.event_types
    assert (old.disabled, old.company_tags) == (True, ())


def test_profile_goes_back_whole_and_without_a_key():
    profile = Profile.from_json({**told("get-profile.200"), "apiKey": "sk-secret"})

    assert set(profile.to_json()) == {"name", "redirectUrl", "logoUrl", "iconUrl", "whiteListUrls"}
    assert "sk-secret" not in repr(profile)


def test_access_token_is_hidden():
    token = AccessToken.from_json(told("get-company-access-token.200"))

    assert (token.token, token.expires_in_seconds) == ("eyJhbGciOiJIUzI1NiJ9.e30.example", 86400)
    assert token.token not in repr(token)
