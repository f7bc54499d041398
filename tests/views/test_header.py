"""Language and sign-out: the header's buttons lead back to a page of ours, and nowhere else."""

import pytest
from django.utils import timezone

from tests.views.reading import text_of
from tests.views.scenes import company_in

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "",
    "http:///evil.example",
)


def language_of(answer) -> str:
    return answer.content.decode().split('<html lang="')[1][:2]


def test_the_company_says_the_language(at_ana, ana):
    company = company_in("none", ana, language="fr")

    assert language_of(at_ana.get(f"/c/{company.ref}/", headers={"Accept-Language": "en"})) == "fr"


def test_the_switch_wins_and_stays(at_ana, ana):
    company = company_in("none", ana, language="fr")
    page = f"/c/{company.ref}/"

    answer = at_ana.post("/language/", {"language": "en", "next": page})

    assert (answer.status_code, answer.url) == (303, page)
    assert language_of(at_ana.get(page)) == "en"
    assert '<button name="language" value="fr" lang="fr">Français</button>' in at_ana.get(page).content.decode()


def test_a_language_that_we_do_not_speak_changes_nothing(client, db):
    answer = client.post("/language/", {"language": "de", "next": "/data/"})

    assert answer.status_code == 303
    assert answer.cookies.keys() == set()


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_to_another_site(address, client, db):
    assert client.post("/language/", {"language": "fr", "next": address}).url == "/"


def test_signing_out_ends_the_session(at_ana, ana):
    company = company_in("none", ana)

    answer = at_ana.post("/sign-out/")

    assert (answer.status_code, answer.url) == (303, "/")
    assert at_ana.get(f"/c/{company.ref}/").status_code == 302


@pytest.mark.parametrize("address", ["/language/", "/sign-out/"])
def test_a_get_does_neither(address, at_ana):
    assert at_ana.get(address).status_code == 405


@pytest.mark.parametrize(("zone", "time"), [("Europe/Paris", "15:03"), ("America/New_York", "09:03"), ("", "14:03")])
def test_times_are_the_companys_own(zone, time, at_ana, ana, settings):
    company = company_in("linked", ana, time_zone=zone)
    at = timezone.now().replace(month=1, day=15, hour=14, minute=3)
    company.connections.update(linked_at=at, last_read_at=at)

    assert f"15 January, {time}" in text_of(at_ana.get(f"/c/{company.ref}/connection/"))


def test_one_companys_clock_is_not_the_next_ones(at_ana, ana):
    paris = company_in("linked", ana, time_zone="Asia/Tokyo")
    other = company_in("linked", ana)
    at = timezone.now().replace(month=1, day=15, hour=14, minute=3)
    other.connections.update(linked_at=at)
    at_ana.get(f"/c/{paris.ref}/connection/")

    assert "15 January, 14:03" in text_of(at_ana.get(f"/c/{other.ref}/connection/"))


def test_a_time_zone_that_nobody_knows_breaks_no_page(at_ana, ana):
    company = company_in("linked", ana, time_zone="Mars/Olympus")

    assert at_ana.get(f"/c/{company.ref}/connection/").status_code == 200
