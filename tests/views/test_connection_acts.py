"""What can be done on the connection's page: look again, say that it is right, let go."""

import pytest
from django.core.cache import cache

from onboarding.models import Company, Connection
from tests.kit import Sandbox
from tests.views.reading import heading_of, primary_of, text_of
from tests.views.scenes import company_in


def fragment(client, company, **query):
    return client.get(f"/c/{company.ref}/connection/status/", query, headers={"HX-Request": "true"})


@pytest.mark.parametrize(("tick", "seconds"), [(0, 3), (9, 3), (10, 10), (36, 10), (37, 30), (86, 30)])
def test_an_open_page_looks_often_at_first_then_seldom(tick, seconds, at_ana, ana):
    company = company_in("reading", ana)

    answer = fragment(at_ana, company, tick=tick, page="reading", done=3)

    assert f'hx-trigger="load delay:{seconds}s' in answer.content.decode()


def test_an_open_page_stops_after_half_an_hour(at_ana, ana):
    company = company_in("reading", ana)

    assert "hx-trigger" not in fragment(at_ana, company, tick=87, page="reading", done=3).content.decode()


def test_the_fragment_is_the_bridge_and_the_rows_alone(at_ana, ana):
    company = company_in("reading", ana)

    body = fragment(at_ana, company, tick=1, page="reading", done=3).content.decode()

    assert [word in body for word in ("<html", 'class="bridge ok"', "Company details")] == [False, True, True]


@pytest.mark.parametrize(("done", "is_told"), [(2, True), (3, False)])
def test_the_fragment_tells_screen_readers_only_what_changed(done, is_told, at_ana, ana):
    company = company_in("reading", ana)

    body = fragment(at_ana, company, tick=1, page="reading", done=done).content.decode()

    assert ('hx-swap-oob="innerHTML:#news"' in body) is is_told


@pytest.mark.parametrize(("state", "where"), [("linked", "reading"), ("reading", "checking"), ("slow", "checking")])
def test_another_kind_of_state_loads_the_page_anew(state, where, at_ana, ana):
    company = company_in(state, ana)

    assert fragment(at_ana, company, tick=1, page=where, done=0)["HX-Refresh"] == "true"


def test_a_page_left_open_after_signing_out_loads_anew(client, ana):
    company = company_in("reading", ana)

    assert fragment(client, company, tick=1, page="reading")["HX-Refresh"] == "true"


def test_an_open_page_is_noted_for_the_worker(at_ana, ana):
    company = company_in("reading", ana)
    key = f"open:{company.connections.get().pk}"

    fragment(at_ana, company, tick=1, page="reading", done=3)

    assert cache.get(key) is True


def test_the_fragment_asks_codat_nothing(sandbox, at_ana, ana):
    company = company_in("checking", ana)

    fragment(at_ana, company, tick=1, page="checking")

    assert sandbox.requests() == []


def test_check_again_asks_codat_once_in_thirty_seconds(sandbox, at_ana, ana):
    company = company_in("checking", ana)

    answers = [at_ana.post(f"/c/{company.ref}/connection/check/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len(sandbox.requests(method="GET")) == 1


def test_check_again_while_codat_is_silent_says_so_and_loses_nothing(sandbox, at_ana, ana):
    company = company_in("linked", ana)
    sandbox.next_answer(503, times=None)

    answer = at_ana.post(f"/c/{company.ref}/connection/check/", follow=True)

    assert "We cannot reach Codat right now. Your connection is not affected. Try again in" in text_of(answer)
    assert heading_of(answer) == "Xero is connected"


def test_the_right_organisation_is_asked_for_once(at_ana, ana):
    company = company_in("wrong", ana)

    answer = at_ana.post(f"/c/{company.ref}/connection/keep/", follow=True)

    assert "We expected" not in text_of(answer)


def test_expired_access_is_let_go_without_codat(at_ana, ana):
    company = company_in("expired", ana)
    page = f"/c/{company.ref}/connection/disconnect/"
    assert "Access to Xero has already ended." in text_of(at_ana.get(page))

    answer = at_ana.post(page, follow=True)

    assert heading_of(answer) == "Xero is disconnected"
    assert Connection.objects.get().status == "Deauthorized"


@pytest.mark.parametrize("state", ["none", "stopped", "checking", "disconnected", "gone"])
def test_disconnect_is_not_offered_where_nothing_is_connected(state, at_ana, ana):
    company = company_in(state, ana)

    for answer in (
        at_ana.get(f"/c/{company.ref}/connection/disconnect/"),
        at_ana.post(f"/c/{company.ref}/connection/disconnect/"),
    ):
        assert (answer.status_code, answer.url) == (303, f"/c/{company.ref}/connection/")


@pytest.mark.parametrize("state", ["none", "gone"])
def test_reconnect_without_a_connection_leads_to_the_choice(state, at_ana, ana):
    company = company_in(state, ana)

    assert at_ana.post(f"/c/{company.ref}/connection/reconnect/").url == f"/c/{company.ref}/connect/"


def test_reconnect_of_a_working_connection_changes_nothing(at_ana, ana):
    company = company_in("linked", ana)

    assert at_ana.post(f"/c/{company.ref}/connection/reconnect/").url == f"/c/{company.ref}/connection/"


def test_changing_software_begins_on_the_disconnected_page(at_ana, ana):
    company = company_in("disconnected", ana)

    answer = at_ana.get(f"/c/{company.ref}/connection/")

    assert "Connect other software" in text_of(answer)
    assert primary_of(answer) == ["Reconnect Xero"]


def _is_at_codat_too(company: Company, sandbox: Sandbox) -> None:
    told = sandbox.create_company("Marlow")
    connection = sandbox.create_connection(told, "gbol")
    sandbox.authorise(connection, reads=False)
    Company.objects.update(codat_id=told)
    Connection.objects.update(codat_id=connection)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_reconnecting_is_at_hand_even_when_we_think_that_all_is_well(language, sandbox, at_ana, ana):
    company = company_in("linked", ana, language=language)
    _is_at_codat_too(company, sandbox)
    text = text_of(at_ana.get(f"/c/{company.ref}/connection/"))
    assert {"en": "Reconnect Xero", "fr": "Reconnecter Xero"}[language] in text

    answer = at_ana.post(f"/c/{company.ref}/connection/reconnect/", {"anyway": "1"})

    assert answer.url.startswith(sandbox.url)
    assert Connection.objects.get().status == "Linked"


def test_a_quiet_connection_may_be_reconnected_before_it_stops(sandbox, at_ana, ana):
    company = company_in("quiet", ana)
    _is_at_codat_too(company, sandbox)

    answer = at_ana.post(f"/c/{company.ref}/connection/reconnect/")

    assert answer.url.startswith(sandbox.url)
