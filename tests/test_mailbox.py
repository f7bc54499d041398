"""Mail in the demo: a folder, a few lines in the terminal, and a page."""

import importlib

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import clear_url_caches

from onboarding import mailbox
from onboarding.views import caught_mail
from portal import urls


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO, settings.MAIL_DIR = True, tmp_path
    importlib.reload(urls)
    clear_url_caches()
    yield tmp_path
    settings.DEMO = False
    importlib.reload(urls)
    clear_url_caches()


def send(subject: str = "Your code", body: str = "Hello,\n\n123456\n\nhttp://127.0.0.1:8000/sign-in/link/x/\n") -> None:
    mail = EmailMultiAlternatives(subject, body, "no-reply@alderway.example", ["ana@marlow.example"])
    mail.attach_alternative("<p style='color:red'>Hello <script>alert(1)</script></p>", "text/html")
    get_connection("onboarding.mailbox.Mailbox").send_messages([mail])


def test_terminal_says_to_whom_about_what_and_what_to_press(demo):
    send()
    assert mailbox.newest(1)[0].announced().splitlines() == [
        "    mail | to ana@marlow.example: Your code",
        "         |   123456",
        "         |   http://127.0.0.1:8000/sign-in/link/x/",
    ]


@pytest.mark.django_db
def test_page_lists_the_newest_first_with_its_text(demo, client: Client):
    send("First")
    send("Second")
    page = client.get("/demo/mail/").content.decode()
    assert page.index("Second") < page.index("First")
    assert "123456" in page


@pytest.mark.django_db
def test_nothing_in_a_letter_may_run(demo, client: Client):
    send()
    name = next(demo.glob("*.eml")).stem
    answer = client.get(f"/demo/mail/{name}/")
    assert answer["Content-Security-Policy"] == caught_mail.LETTER_POLICY
    assert "script-src" not in caught_mail.LETTER_POLICY
    assert "default-src 'none'" in caught_mail.LETTER_POLICY


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["0-none", "secret_key"])
def test_letter_that_is_none_is_not_found(demo, client: Client, name):
    assert client.get(f"/demo/mail/{name}/").status_code == 404


@pytest.mark.django_db
def test_page_exists_in_the_demo_alone(client: Client):
    assert client.get("/demo/mail/").status_code == 404
