"""Every method of the client against a Codat over real HTTP."""

import dataclasses
from uuid import UUID, uuid4

import pytest

from onboarding.codat import Busy, Codat, Garbled, Refused, Unreachable
from onboarding.codat.pictures import MAX_LOGO_BYTES

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.fixture
def client(sandbox):
    return Codat(base_url=sandbox.url, api_key=sandbox.api_key, read_retries=0)


@pytest.fixture
def company(client):
    return client.create_company(name="Sawayn Group", tags={"uid": "7"}, key=uuid4())


@pytest.fixture
def connection(client, company):
    return client.create_connection(company.id, "gbol", key=uuid4())


@pytest.fixture
def linked(sandbox, client, company, connection):
    sandbox.authorise(str(connection.id), organisation="Sawayn & Sons")
    return client.get_connection(company.id, connection.id)


def test_company_is_created_once_for_a_key(sandbox, client):
    key = uuid4()

    first, again = (client.create_company(name="Sawayn (Codat[1])", tags={"uid": "7"}, key=key) for _ in range(2))

    assert first == again
    assert (first.name, first.tags, first.connections) == ("Sawayn Codat1", {"uid": "7"}, ())  # as Codat keeps it
    assert len(sandbox.companies()) == 1


def test_company_is_found_by_its_tag(client, company):
    client.create_company(name="Another", tags={"uid": "8"}, key=uuid4())

    page = client.list_companies(tags="uid=7")

    assert ([found.id for found in page.results], page.total_results, page.has_next) == ([company.id], 1, False)


def test_companies_are_paged(sandbox, client):
    sandbox.fill(5)

    pages = [client.list_companies(page=number, page_size=2, order_by="name") for number in (1, 2, 3)]

    assert [(len(page.results), page.has_next, page.total_results) for page in pages] == [
        (2, True, 5),
        (2, True, 5),
        (1, False, 5),
    ]
    assert len({company.id for page in pages for company in page.results}) == 5


def test_company_carries_its_connections(client, company, connection):
    [found] = client.get_company(company.id).connections

    assert (found.id, found.platform_key, found.status) == (connection.id, "gbol", "PendingAuth")


def test_company_is_updated_where_it_is_told(client, company):
    changed = client.update_company(company.id, key=uuid4(), description="Key account")

    assert (changed.name, changed.description, changed.tags) == ("Sawayn Group", "Key account", {"uid": "7"})


def test_company_that_was_deleted_is_gone(client, company):
    client.delete_company(company.id)

    with pytest.raises(Refused) as caught:
        client.get_company(company.id)
    assert caught.value.is_gone
    assert str(company.id) in caught.value.message


def test_connection_starts_pending_with_a_link(client, connection):
    assert (connection.status, connection.source_type) == ("PendingAuth", "Accounting")
    assert client.check_link(connection.link_url) == connection.link_url.reveal()


def test_connection_of_an_unknown_platform_is_refused(client, company):
    with pytest.raises(Refused):
        client.create_connection(company.id, "zzzz", key=uuid4())


def test_connection_is_linked_and_unlinked(client, company, linked):
    unlinked = client.unlink_connection(company.id, linked.id, key=uuid4())

    assert (linked.status, unlinked.status) == ("Linked", "Unlinked")


def test_connection_that_is_not_linked_cannot_be_unlinked(client, company, connection):
    with pytest.raises(Refused) as caught:
        client.unlink_connection(company.id, connection.id, key=uuid4())

    assert caught.value.transient is False


def test_connection_that_was_deleted_is_gone(client, company, connection):
    client.delete_connection(company.id, connection.id)

    assert client.list_connections(company.id).results == ()
    with pytest.raises(Refused) as caught:
        client.get_connection(company.id, connection.id)
    assert caught.value.is_gone


def test_partner_expense_connection_stands_beside_accounting(client, company, linked):
    partner = client.create_partner_expense_connection(company.id, key=uuid4())

    assert (partner.status, partner.source_type) == ("Linked", "Expense")
    assert {each.id for each in client.list_connections(company.id).results} == {linked.id, partner.id}


def test_key_with_another_body_is_refused(client):
    key = uuid4()
    client.create_company(name="One", tags={}, key=key)

    with pytest.raises(Refused) as caught:
        client.create_company(name="Two", tags={}, key=key)

    assert (caught.value.code, caught.value.answered) == (422, True)


def test_lost_answer_is_told_again_under_its_key(sandbox, client):
    key = uuid4()
    sandbox.lose_answer(method="POST")

    with pytest.raises(Unreachable) as caught:
        client.create_company(name="Sawayn", tags={"uid": "7"}, key=key)
    company = client.create_company(name="Sawayn", tags={"uid": "7"}, key=key)

    assert caught.value.answered is False
    assert [each["id"] for each in sandbox.companies()] == [str(company.id)]


def test_quota_that_is_used_up_says_when_it_ends(sandbox, client):
    sandbox.next_answer(429, Retry_After=7)

    with pytest.raises(Busy) as caught:
        client.list_companies()

    assert (caught.value.retry_after, caught.value.answered) == (7.0, False)


@pytest.mark.parametrize("kind", ["json", "html", "half", "reset"])
def test_damaged_answer_is_a_codat_error(sandbox, client, kind):
    sandbox.garble(kind)

    with pytest.raises((Garbled, Unreachable)):
        client.list_companies()


def test_wrong_key_is_unauthorised(sandbox):
    with pytest.raises(Refused) as caught:
        Codat(base_url=sandbox.url, api_key="another").list_companies()

    assert caught.value.is_unauthorised


def test_unknown_status_and_fields_are_read(sandbox, client, company, connection):
    sandbox.extra_fields()
    sandbox.unknown_status(str(connection.id), "Paused")

    assert client.get_connection(company.id, connection.id).status == "Paused"


def test_times_of_every_shape_are_read(sandbox, client):
    sandbox.settings(mixed_timestamps=True)
    sandbox.fill(20)

    companies = client.list_companies().results

    assert [company for company in companies if company.created is None] == []


def test_integrations_tell_what_is_enabled(sandbox, client):
    sandbox.enable("gbol", False)

    enabled = {each.key: each.enabled for each in client.list_integrations().results}

    assert (enabled["gbol"], enabled["qhyg"]) == (False, True)
    assert client.get_integration("gbol").name == "Xero"


def test_logo_is_fetched_without_the_key(client):
    logo = client.fetch_logo(client.get_branding("gbol").square_logo_url)

    assert logo.content_type == "image/png"
    assert logo.content.startswith(b"\x89PNG")


def test_reads_are_followed(sandbox, client, company, linked):
    sandbox.reads(str(company.id), bills="FetchError")

    statuses = client.data_status(company.id)

    assert statuses["bills"].current_status == "FetchError"
    assert client.data_history(company.id, query="status!=Complete").results != ()


def test_reads_are_asked_for(client, company, linked):
    client.refresh_all(company.id)
    pull = client.refresh_data_type(company.id, "suppliers", connection_id=linked.id)

    assert (pull.data_type, pull.connection_id) == ("suppliers", linked.id)


def test_organisation_is_named_by_both_products(client, company, linked):
    assert client.payables_info(company.id, linked.id).name == "Sawayn & Sons"
    assert client.company_info(company.id).name == "Sawayn & Sons"


def test_access_token_is_read(client, company):
    assert client.get_access_token(company.id).expires_in_seconds == 86400


def test_profile_is_changed_in_one_field(client):
    profile = client.get_profile()
    url = "https://portal.example.com/return/?connectionId={connectionId}"

    changed = client.update_profile(dataclasses.replace(profile, redirect_url=url))

    assert changed == dataclasses.replace(profile, redirect_url=url) == client.get_profile()


def test_sync_settings_are_read(client, company):
    assert {each.data_type for each in client.profile_sync_settings()} >= {"bills", "suppliers"}
    assert client.company_sync_settings(company.id) != ()


def test_webhook_consumers_come_and_go(client):
    made = client.create_webhook(url="https://p.example.com/w/", event_types=["connection.connected"], key=uuid4())

    assert made in client.list_webhooks()
    client.delete_webhook(made.id)
    assert made.id not in {each.id for each in client.list_webhooks()}


def test_sandbox_found_no_request_invalid(sandbox, client, company, linked):
    client.list_companies(query="dataConnections.status=Linked", tags="uid=7", order_by="-name")
    client.list_connections(company.id)
    client.list_integrations(query="enabled=true")
    client.update_company(company.id, key=uuid4(), tags={"uid": "7", "region": "uk"})

    assert [request for request in sandbox.requests() if request.invalid] == []


# Logos, from a server that means no good


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("image/png; charset=binary", PNG),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/jpg", b"\xff\xd8\xff\xe0"),
        ("image/gif", b"GIF89a.."),
        ("image/webp", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    ],
)
def test_logo_is_a_picture(peer, codat, content_type, content):
    peer.answers(body=content, Content_Type=content_type)

    logo = codat.fetch_logo(f"{peer.url}/logo")

    assert (logo.content, logo.content_type) == (
        content,
        content_type.partition(";")[0].replace("image/jpg", "image/jpeg"),
    )
    assert "authorization" not in peer.seen[0].headers
    assert "PNG" not in repr(logo)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("text/html", b"<script>alert(1)</script>"),
        ("image/png", b"<script>alert(1)</script>"),
        ("image/png", b"\xff\xd8\xff\xe0"),
        ("image/webp", b"RIFF\x00\x00\x00\x00WAVE"),
        ("image/png", b""),
        ("", PNG),
        ("image/png", PNG + b" " * MAX_LOGO_BYTES),
    ],
)
def test_logo_that_is_none_is_garbled(peer, codat, content_type, content):
    peer.answers(body=content, Content_Type=content_type)

    with pytest.raises(Garbled):
        codat.fetch_logo(f"{peer.url}/logo")


@pytest.mark.parametrize(
    "url", ["https://evil.test/logo.png", "http://169.254.169.254/", "file:///etc/passwd", "", "/x"]
)
def test_logo_from_elsewhere_is_not_asked_for(peer, codat, url):
    with pytest.raises(Garbled):
        codat.fetch_logo(url)

    assert peer.seen == []


def test_logo_redirect_is_not_followed(peer, codat):
    peer.answers(302, body=b"", Location="http://169.254.169.254/")

    with pytest.raises(Garbled) as caught:
        codat.fetch_logo(f"{peer.url}/logo")

    assert caught.value.reason == "redirect"


def test_logo_is_no_matter_of_the_quota(peer, codat):
    class Closed:
        def before(self, operation):
            raise Busy(operation)

    peer.answers(body=PNG, Content_Type="image/png")

    assert codat.with_gate(Closed()).fetch_logo(f"{peer.url}/logo").content == PNG


def test_id_that_is_no_uuid_stays_in_its_place(peer, codat):
    peer.answers(404)

    with pytest.raises(Refused):
        codat.get_connection(UUID(int=1), "../../x")

    assert peer.seen[0].target == f"/companies/{UUID(int=1)}/connections/..%2F..%2Fx"


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_name_that_would_climb_in_the_path_is_not_sent(peer, codat, key):
    with pytest.raises(ValueError, match="path"):
        codat.get_branding(key)

    assert peer.seen == []
