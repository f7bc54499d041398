"""Staff come in by password at /admin/login/, never by code; customers never that way."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from onboarding.models import User
from tests.signin.doors import is_signed_in, letters, mailed_path

PASSWORD = "a-long-enough-password"


@pytest.fixture
def boss(sam: User) -> User:
    sam.is_superuser = True
    sam.save()
    return sam


def sign_in(client: Client, email: str, password: str = PASSWORD, next_path: str = ""):
    return client.post("/admin/login/", {"login": email, "password": password, "next": next_path})


def test_staff_sign_in_with_a_password_and_go_on(client: Client, boss: User):
    asked = client.get("/admin/onboarding/company/")["Location"]
    assert asked == "/admin/login/?next=/admin/onboarding/company/"

    answer = sign_in(client, boss.email, next_path="/admin/onboarding/company/")

    assert answer["Location"] == "/admin/onboarding/company/"
    assert client.get("/admin/").status_code == 200


def test_wrong_password_and_unknown_address_read_the_same(client: Client, boss: User, ana: User):
    pages = [
        re.sub(r'value="[^"]*"', "", sign_in(Client(), email, password).content.decode())
        for email, password in ((boss.email, "wrong"), ("nobody@alderway.example", "wrong"), (ana.email, "wrong"))
    ]

    assert "This email address and password do not go together." in pages[0]
    assert pages[0] == pages[1] == pages[2]


def test_customer_with_a_password_is_answered_like_a_wrong_one(client: Client, ana: User):
    ana.set_password(PASSWORD)
    ana.save()

    assert "do not go together" in sign_in(client, ana.email).content.decode()
    assert not is_signed_in(client)


def test_signed_in_customer_gets_403_at_the_staff_door(client: Client, ana: User):
    client.force_login(ana)

    assert client.get("/admin/login/?next=/admin/").status_code == 403
    assert client.get("/admin/", follow=True).status_code == 403


def test_signed_in_staff_are_sent_on(client: Client, boss: User):
    client.force_login(boss)

    assert client.get("/admin/login/")["Location"] == "/admin/"


def test_guessing_is_stopped_and_a_stranger_locks_nobody_out(client: Client, boss: User):
    assert sign_in(client, boss.email).status_code == 302  # from now on this browser is known
    client.post("/sign-out/")

    pages = [sign_in(Client(), boss.email, f"guess-{number}").content.decode() for number in range(6)]

    assert "Too many tries" in pages[-1]
    assert "Too many tries" in sign_in(Client(), boss.email).content.decode()  # a stranger with the right one too
    assert sign_in(client, boss.email).status_code == 302


def test_cookie_of_a_known_browser_is_worth_nothing_for_another_account(client: Client, boss: User, ana: User):
    sign_in(client, boss.email)
    known = client.cookies["known"].value
    other = Client()
    other.cookies["known"] = known
    for number in range(5):
        sign_in(other, "victim@alderway.example", f"guess-{number}")

    assert "Too many tries" in sign_in(Client(), "victim@alderway.example").content.decode()


def test_new_password_by_mail_works_once(client: Client, boss: User):
    assert client.post("/admin/password-reset/", {"email": boss.email})["Location"] == "/admin/password-reset/sent/"
    path = mailed_path()
    form = client.get(path)["Location"]
    assert client.head(path).status_code == 302

    answer = client.post(form, {"password1": "correct-horse-staple", "password2": "correct-horse-staple"})

    assert answer["Location"] == "/admin/password-reset/done/"
    assert sign_in(Client(), boss.email, "correct-horse-staple").status_code == 302
    assert "This link has ended" in Client().get(path, follow=True).content.decode()


def test_new_password_is_for_staff_alone_and_tells_nobody(client: Client, boss: User, ana: User):
    pages = [
        client.post("/admin/password-reset/", {"email": email}, follow=True) for email in (ana.email, "x@y.example")
    ]

    assert {page.status_code for page in pages} == {200}
    assert letters() == []


def test_forged_host_does_not_reach_the_mail(client: Client, boss: User):
    client.post("/admin/password-reset/", {"email": boss.email}, headers={"Host": "localhost"})

    assert "localhost" not in letters()[-1].body


def test_nobody_can_sign_up(client: Client, db: None):
    for path in ("/signup/", "/accounts/signup/", "/admin/signup/", "/admin/sso/signup/"):
        client.post(path, {"email": "new@evil.example", "password1": PASSWORD})

    assert not User.objects.exists()


@pytest.fixture
def second_factor(settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


def test_admin_opens_only_after_a_second_factor_is_enrolled(client: Client, boss: User, second_factor: None):
    sign_in(client, boss.email)
    assert client.get("/admin/onboarding/company/")["Location"].startswith("/admin/second-factor/?next=")

    again = client.get("/admin/second-factor/totp/activate/")["Location"]
    form = client.post(again, {"password": PASSWORD}, follow=True)
    secret = form.context["form"].secret
    enrolled = client.post("/admin/second-factor/totp/activate/", {"code": _code_of(secret)}, follow=True)

    assert enrolled.redirect_chain == [("/admin/second-factor/recovery-codes/", 302)]
    assert client.get("/admin/").status_code == 200


def _code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_enrolled_staff_are_asked_for_the_code_at_each_sign_in(client: Client, boss: User, second_factor: None):
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(boss, secret)
    answer = sign_in(client, boss.email)
    assert answer["Location"] == "/admin/second-factor/authenticate/"
    assert not is_signed_in(client)

    client.post("/admin/second-factor/authenticate/", {"code": _code_of(secret)})

    assert client.get("/admin/").status_code == 200


def test_secret_of_a_second_factor_is_encrypted_in_the_database(boss: User):
    from allauth.mfa.models import Authenticator

    TOTP.activate(boss, "JBSWY3DPEHPK3PXP")

    assert "JBSWY3DPEHPK3PXP" not in str(Authenticator.objects.get(type="totp").data)


def test_staff_without_a_second_factor_still_get_in_where_it_is_off(client: Client, boss: User):
    sign_in(client, boss.email)

    assert client.get("/admin/").status_code == 200
