"""While Codat does not answer, or asks for a pause: what pages say of it, and of when they knew last."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from onboarding.models import Quota
from tests.views.reading import heading_of, text_of
from tests.views.scenes import company_in

CONNECTION = "/c/{}/connection/"


def test_codat_down_shows_the_last_known_state_and_its_age(at_ana, ana):
    company = company_in("linked", ana, time_zone="Europe/London")
    Quota.objects.update_or_create(pk=1, defaults={"failures": 5})

    answer = at_ana.get(CONNECTION.format(company.ref))

    assert heading_of(answer) == "Xero is connected"
    assert "We cannot reach Codat right now." in text_of(answer)
    assert re.search(
        r"What you see was checked on \d+ \w+ at \d\d:\d\d\. Your connection is not affected\.", text_of(answer)
    )
    assert 'class="bridge ok"' in answer.content.decode()


@pytest.mark.parametrize("where", ["", "connect/", "connect/xero/"])
@pytest.mark.parametrize("state", ["none", "gone"])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "We cannot reach Codat right now. Nothing is lost. Try again in a few minutes."),
        ("fr", "Nous n’arrivons pas à joindre Codat. Rien n’est perdu. Réessayez dans quelques minutes."),
    ],
)
def test_codat_down_says_nothing_of_a_connection_that_is_not_there(language, words, state, where, at_ana, ana):
    company = company_in(state, ana, language=language)
    page = f"/c/{company.ref}/{where}"
    Quota.objects.update_or_create(pk=1, defaults={"blocked_until": timezone.now() + timedelta(hours=1)})
    blocked = text_of(at_ana.get(page))
    Quota.objects.update(blocked_until=None, failures=5)

    assert [said for said in ("checking less often", "vérifions moins souvent") if said in blocked] == []
    assert words in text_of(at_ana.get(page))


def test_codat_down_says_of_an_unfinished_connection_what_was_checked(at_ana, ana):
    company = company_in("stopped", ana)
    Quota.objects.update_or_create(pk=1, defaults={"failures": 5})

    said = r"What you see was checked (at|on \d+ \w+ at) \d\d:\d\d\. Nothing is lost\. Try again in a few minutes\."
    assert re.search(said, text_of(at_ana.get(CONNECTION.format(company.ref))))


@pytest.mark.parametrize(
    ("language", "days", "checked", "down"),
    [
        ("en", 0, "Last checked at 11:30.", "What you see was checked at 11:30."),
        ("en", 1, "Last checked on 3 May at 11:30.", "What you see was checked on 3 May at 11:30."),
        ("fr", 0, "Dernière vérification à 11:30.", "Les informations affichées datent de 11:30."),
        ("fr", 1, "Dernière vérification le 3 mai à 11:30.", "Les informations affichées datent du 3 mai à 11:30."),
    ],
)
def test_a_check_of_another_day_is_told_with_its_day(language, days, checked, down, ana, browser_of):
    with time_machine.travel(datetime(2026, 5, 4, 10, tzinfo=UTC), tick=False):
        company = company_in("checking", ana, language=language, time_zone="Europe/Paris")
        company.connections.update(seen_at=datetime(2026, 5, 4 - days, 9, 30, tzinfo=UTC))
        Quota.objects.update_or_create(pk=1, defaults={"failures": 5})
        browser, page = browser_of(ana), CONNECTION.format(company.ref)

        text, fragment = text_of(browser.get(page)), text_of(browser.get(f"{page}status/?tick=1&page=checking"))

    assert (checked in text, checked in fragment, down in text) == (True, True, True)


@pytest.mark.parametrize(
    ("language", "hours", "words"),
    [
        ("en", 2, "Your connection is not affected. Next check at 14:00."),
        ("en", 14, "Next check on 5 May at 02:00."),
        ("fr", 14, "Prochaine vérification le 5 mai à 02:00."),
    ],
)
def test_the_next_check_is_told_with_its_day_unless_that_is_today(language, hours, words, ana, browser_of):
    now = datetime(2026, 5, 4, 10, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        company = company_in("linked", ana, language=language, time_zone="Europe/Paris")
        Quota.objects.update_or_create(pk=1, defaults={"blocked_until": now + timedelta(hours=hours)})
        text = text_of(browser_of(ana).get(CONNECTION.format(company.ref)))

    assert words in text
