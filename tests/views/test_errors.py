"""When there is no page: words, code, a way on, and no traceback."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.urls import path
from django.utils import translation

from onboarding.errors import wait
from onboarding.views import errors
from portal import urls
from tests.views.reading import heading_of, plain, primary_of, text_of


def _breaks(request):
    raise RuntimeError("secret details")


def _loses_its_database(request):
    raise OperationalError("secret details")


urlpatterns = [*urls.urlpatterns, path("broken/", _breaks), path("lost/", _loses_its_database)]
handler404, handler403, handler500 = urls.handler404, urls.handler403, urls.handler500


@pytest.fixture
def broken(settings, client):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("This page does not exist.", "Check the address, or go back to your companies.")),
        ("fr", ("Cette page n’existe pas.", "Vérifiez l’adresse, ou revenez à vos entreprises.")),
    ],
)
def test_an_unknown_address_is_404_in_the_readers_language(language, words, client, db):
    answer = client.get("/nowhere/", headers={"Accept-Language": language})

    assert answer.status_code == 404
    assert heading_of(answer) == words[0]
    assert words[1] in text_of(answer)
    assert len(primary_of(answer)) == 1


def test_what_breaks_is_said_in_both_languages_with_the_requests_number(broken, at_ana, django_assert_num_queries):
    at_ana.raise_request_exception = False
    answer = at_ana.get("/broken/")

    assert answer.status_code == 500
    assert "Something went wrong on our side." in text_of(answer)
    assert "Un problème est survenu de notre côté." in text_of(answer)
    assert f"call us with the reference {answer['X-Request-ID']}" in text_of(answer)
    assert "secret details" not in answer.content.decode()


def test_the_words_of_500_ask_no_database(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = errors.went_wrong(RequestFactory().get("/"))

    assert "It has been noted. Try again, or call us." in text_of(answer)


def test_a_lost_database_is_work_on_the_site(broken, at_ana):
    at_ana.raise_request_exception = False
    answer = at_ana.get("/lost/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "600")
    assert "We are doing some work on the site." in text_of(answer)
    assert "Nous faisons des travaux sur le site." in text_of(answer)


def test_503_says_when_the_site_is_back_if_that_is_known():
    answer = errors.unavailable(RequestFactory().get("/"), at="18:00")

    assert "Back at 18:00." in text_of(answer)
    assert "Retour à 18:00." in plain(text_of(answer))


def test_too_many_tries_are_429_in_words(rf, ana):
    request = rf.get("/")
    request.user = ana

    with translation.override("en"):
        answer = errors.too_many(request, 15)

    assert (answer.status_code, heading_of(answer)) == (429, "You have tried many times in a short while.")
    assert "Wait 15 minutes, then try again." in text_of(answer)


@pytest.mark.parametrize(
    ("minutes", "english", "french"),
    [
        (1, "Wait 1 minute, then try again.", "Attendez 1 minute, puis réessayez."),
        (15, "Wait 15 minutes, then try again.", "Attendez 15 minutes, puis réessayez."),
        (119, "Wait 119 minutes, then try again.", "Attendez 119 minutes, puis réessayez."),
        (121, "Wait 3 hours, then try again.", "Attendez 3 heures, puis réessayez."),
        (1440, "Wait 24 hours, then try again.", "Attendez 24 heures, puis réessayez."),
    ],
)
def test_a_wait_is_told_in_minutes_or_hours(minutes, english, french):
    for language, words in (("en", english), ("fr", french)):
        with translation.override(language):
            assert wait(minutes) == words


@pytest.mark.parametrize("address", ["/nowhere/", "/c/ZZZ-0000/", "/c/ZZZ-0000/connection/"])
def test_every_error_page_has_the_help_block(address, at_ana):
    assert "Need a hand?" in text_of(at_ana.get(address))
