"""Customers sign in with a mailed code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.models import Mail, User
from tests import factories
from tests.signin.doors import ask, enter, is_signed_in, letters, mailed_code, wrong

NOT_RIGHT = "This code is not right. Use the one in our latest email."


def test_code_signs_in_and_goes_to_the_page_first_asked_for(client: Client, ana: User):
    asked = client.get("/c/MSB-4821/connect/")
    assert asked["Location"] == "/sign-in/?next=/c/MSB-4821/connect/"

    assert ask(client, "ana@marlow.example", "/c/MSB-4821/connect/")["Location"].startswith("/sign-in/code/?next=")
    entered = enter(client, mailed_code(), "/c/MSB-4821/connect/")

    assert (entered.status_code, entered["Location"]) == (303, "/c/MSB-4821/connect/")
    assert is_signed_in(client)


def test_return_address_survives_sign_in_with_its_whole_query(client: Client, ana: User):
    back = "/return/?statusCode=200&companyId=7e5e&connectionId=11aa%20b"
    door = client.get(back)["Location"]

    page = client.get(door).content.decode()
    assert 'name="next" value="/return/?statusCode=200&amp;companyId=7e5e&amp;connectionId=11aa%20b"' in page
    ask(client, "ana@marlow.example", back)

    assert enter(client, mailed_code(), back)["Location"] == back


def test_address_may_be_written_in_capitals_and_with_spaces(client: Client, ana: User):
    ask(client, "  ANA@Marlow.Example ")

    assert enter(client, mailed_code()).status_code == 303


def test_code_may_be_pasted_with_spaces_and_dashes(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    code = mailed_code()

    assert enter(client, f" {code[:3]}-{code[3:]} ").status_code == 303


def test_wrong_code_says_so_and_keeps_what_was_typed(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    typed = wrong(mailed_code())

    page = enter(client, typed)

    assert page.status_code == 422
    assert f'value="{typed}"' in page.content.decode()
    assert page.content.decode().count(NOT_RIGHT) == 2  # in the summary and at the field
    assert "<title>Error: Check your email" in page.content.decode()


def test_code_works_in_the_browser_that_asked_only(client: Client, ana: User):
    ask(client, "ana@marlow.example")

    assert enter(Client(), mailed_code())["Location"] == "/sign-in/?code=ended"


def test_code_works_once(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    code = mailed_code()
    enter(client, code)
    client.post("/sign-out/")

    assert enter(client, code)["Location"] == "/sign-in/?code=ended"


def test_code_ends_after_15_minutes_and_says_so(client: Client, ana: User, time_machine):
    ask(client, "ana@marlow.example")
    code = mailed_code()
    time_machine.move_to(timezone.now() + timedelta(minutes=15, seconds=1))

    page = enter(client, code)

    assert "This code has ended. Ask for a new one." in page.content.decode()
    assert not is_signed_in(client)


def test_fifth_wrong_code_ends_the_tries_and_the_right_one_fails(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    code = mailed_code()
    statuses = [enter(client, wrong(code)).status_code for _ in range(5)]

    assert statuses == [422, 422, 422, 422, 429]
    assert enter(client, code)["Location"] == "/sign-in/?code=many"
    assert "Too many tries. Wait 15 minutes" in ask(client, "ana@marlow.example").content.decode()


@pytest.mark.parametrize(
    ("language", "many", "ended"),
    [
        (
            "en",
            "Too many tries. Wait 15 minutes, then ask for a new code.",
            "This code has ended. Ask for a new one.",
        ),
        (
            "fr",
            "Trop d’essais. Attendez 15 minutes, puis demandez un nouveau code.",
            "Ce code n’est plus valable. Demandez-en un nouveau.",
        ),
    ],
)
def test_a_code_entered_after_the_last_try_is_answered_with_words(ana: User, time_machine, language, many, ended):
    client = Client(headers={"accept-language": language})
    ask(client, "ana@marlow.example")
    code, next_path = mailed_code(), "/c/MSB-4821/connect/"
    for _ in range(5):
        enter(client, wrong(code))

    sixth = enter(client, code, next_path)
    page = client.get(sixth["Location"]).content.decode()
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    late = client.get(enter(client, code)["Location"]).content.decode()

    assert sixth.status_code == 303
    assert (many in page, ended in page, f'value="{next_path}"' in page) == (True, False, True)
    assert (many in late, ended in late) == (False, True)


def test_what_is_no_code_at_all_uses_up_no_try(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    code = mailed_code()
    for nonsense in ("", "12", "abcdef", "1234567", "１２３４５６"):
        assert enter(client, nonsense).status_code == 422

    assert enter(client, code).status_code == 303


@pytest.mark.parametrize("address", ["", "ana", "ana@", "ana@marlow example"])
def test_what_is_no_address_is_told_with_an_example(client: Client, db: None, address: str):
    page = ask(client, address)

    assert page.status_code == 422
    assert "Enter an email address, like name@example.com" in page.content.decode()
    assert not Mail.objects.exists()


def _steps(email: str) -> tuple[list[str], list[str], list[int]]:
    """Pages and numbers of queries on the way of one address: asked, code page, wrong code."""
    cache.clear()
    client = Client()
    pages, queries = [], []
    for step in (
        lambda: ask(client, email),
        lambda: client.get("/sign-in/code/"),
        lambda: enter(client, "000000"),
    ):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = step()
        pages.append((answer.status_code, answer.headers.get("Location"), _plain(answer.content.decode(), email)))
        queries.append([_kind(query["sql"]) for query in captured.captured_queries])
    return pages, queries


def _plain(page: str, email: str) -> str:
    lines = (line for line in page.replace(email, "…").splitlines() if "csrfmiddlewaretoken" not in line)
    return "\n".join(lines)


def _kind(sql: str) -> str:
    verb, what = sql.split()[:2]
    return verb if what.startswith('"s') else f"{verb} {what}"


def test_nobody_can_tell_whether_an_address_has_an_account(ana: User, sam: User):
    known, unknown, staff = (_steps(email) for email in ("ana@marlow.example", "nobody@marlow.example", sam.email))

    assert known == unknown
    assert known == staff


def test_mail_goes_to_customers_alone(client: Client, ana: User, sam: User):
    factories.person("gone@marlow.example", is_active=False)
    for email in ("nobody@marlow.example", sam.email, "gone@marlow.example", "ana@marlow.example"):
        ask(Client(), email)

    assert [letter.to for letter in letters()] == [["ana@marlow.example"]]
    assert list(Mail.objects.values_list("to", flat=True)) == ["ana@marlow.example"]


def test_code_fails_for_somebody_who_became_staff_meanwhile(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    code = mailed_code()
    User.objects.filter(pk=ana.pk).update(is_staff=True)

    assert enter(client, code).status_code == 422
    assert not is_signed_in(client)


def test_session_key_changes_at_sign_in_and_the_old_one_is_dead(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    before = client.cookies["sessionid"].value

    enter(client, mailed_code())

    assert client.cookies["sessionid"].value != before
    stranger = Client()
    stranger.cookies["sessionid"] = before
    assert stranger.get("/companies/").status_code == 302


def test_session_cookie_survives_the_way_back_from_codat(client: Client, ana: User):
    ask(client, "ana@marlow.example")
    enter(client, mailed_code())

    cookie = client.cookies["sessionid"]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)


def test_somebody_signed_in_is_sent_on(client: Client, ana: User):
    client.force_login(ana)

    assert client.get("/sign-in/?next=/companies/")["Location"] == "/companies/"
    assert client.get("/sign-in/code/")["Location"] == "/"


def test_french_reader_gets_french_pages_and_a_french_mail(client: Client, ana: User):
    client.cookies["language"] = "fr"

    assert "Recevoir un code" in client.get("/sign-in/").content.decode()
    ask(client, "ana@marlow.example")

    assert letters()[-1].subject.endswith("\xa0: votre code Alderway")
