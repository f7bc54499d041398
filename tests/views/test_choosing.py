"""Choose, prepare, agree, and leave for Link."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from onboarding.models import Connection, Consent, Mail, PlatformPause
from onboarding.platforms import TABLES, table_of
from tests import factories
from tests.views.reading import heading_of, plain, primary_of, text_of
from tests.views.scenes import company_in


def cards_of(answer) -> list[str]:
    return re.findall(r'<h2><a href="[^"]+">(.*?)</a></h2>', answer.content.decode())


@pytest.mark.parametrize("product", TABLES)
def test_choose_shows_the_software_of_the_product_a_to_z(product, at_ana, ana):
    company = company_in("none", ana, product=product)

    answer = at_ana.get(f"/c/{company.ref}/connect/")

    assert cards_of(answer) == [platform.name for platform in table_of(product)]


def test_quickbooks_online_is_not_offered_in_france(at_ana, ana):
    company = company_in("none", ana, country="FR")

    assert "QuickBooks Online" not in cards_of(at_ana.get(f"/c/{company.ref}/connect/"))
    assert at_ana.get(f"/c/{company.ref}/connect/quickbooks-online/").status_code == 404


def test_an_unfinished_software_comes_first_and_is_marked(at_ana, ana):
    company = company_in("stopped", ana)

    answer = at_ana.get(f"/c/{company.ref}/connect/")

    assert cards_of(answer)[0] == "Xero"
    assert "Not finished: started on" in text_of(answer)


def test_a_connected_company_sees_no_cards(at_ana, ana):
    company = company_in("linked", ana)

    answer = at_ana.get(f"/c/{company.ref}/connect/")

    assert cards_of(answer) == []
    assert "Xero is already connected." in text_of(answer)
    assert at_ana.get(f"/c/{company.ref}/connect/xero/").url == f"/c/{company.ref}/connect/"


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("product", "slug"), [(p, row.slug) for p in TABLES for row in table_of(p)])
def test_before_prepares_for_every_software_of_every_product(product, slug, language, at_ana, ana):
    company = company_in("none", ana, product=product, language=language)

    answer = at_ana.get(f"/c/{company.ref}/connect/{slug}/")

    assert answer.status_code == 200
    words = "Agree and continue to" if language == "en" else "Accepter et continuer vers"
    assert plain(primary_of(answer)[0]).startswith(words)
    assert ("The next page may be in English" in text_of(answer)) is False
    assert ("s’afficher en anglais" in text_of(answer)) is (language == "fr")


def test_before_lists_what_is_read_with_the_reasons(at_ana, ana):
    company = company_in("none", ana)

    text = text_of(at_ana.get(f"/c/{company.ref}/connect/xero/"))

    listed = "Company details, suppliers, bills, bill payments, bank accounts in your books, list of accounts, "
    assert listed + "payment methods." in text
    assert "So that nothing is paid twice" in text


@pytest.mark.parametrize("slug", ["freeagent", "no-such-software"])
def test_software_of_another_product_or_none_is_refused_in_words(slug, at_ana, ana):
    company = company_in("none", ana, product="bill_pay_async")

    for answer in (
        at_ana.get(f"/c/{company.ref}/connect/{slug}/"),
        at_ana.post(f"/c/{company.ref}/connect/{slug}/go/"),
    ):
        assert answer.status_code == 404
        assert "Choose one from the list." in text_of(answer)
        assert primary_of(answer) == ["Choose your software"]


def test_software_switched_off_at_codat_is_not_offered(at_ana, ana):
    company = company_in("none", ana)
    factories.enable_platforms(off=("gbol",))

    assert "Xero" not in cards_of(at_ana.get(f"/c/{company.ref}/connect/"))
    assert at_ana.get(f"/c/{company.ref}/connect/xero/").status_code == 404


@pytest.mark.parametrize(("language", "reason"), [("en", "Xero is mending it."), ("fr", "Xero répare.")])
def test_paused_software_says_why_and_offers_no_button(language, reason, at_ana, ana):
    company = company_in("none", ana, language=language)
    until = timezone.now() + timedelta(hours=2)
    PlatformPause.objects.create(
        platform_key="gbol", reason_en="Xero is mending it.", reason_fr="Xero répare.", until=until
    )

    answer = at_ana.get(f"/c/{company.ref}/connect/xero/")

    assert reason in text_of(answer)
    assert primary_of(answer) == []


def test_software_with_no_successor_says_until_when(at_ana, ana):
    company = company_in("none", ana)

    text = text_of(at_ana.get(f"/c/{company.ref}/connect/myob/"))

    assert "MYOB Business works with Alderway Bills until 1 May 2027. Nothing replaces it yet." in text


def test_email_me_the_link_writes_one_mail_and_says_so(at_ana, ana):
    company = company_in("none", ana)

    answers = [at_ana.post(f"/c/{company.ref}/connect/netsuite/email/") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert "Sent to ana@marlow.example." in text_of(at_ana.get(answers[0].url))
    assert Mail.objects.get(kind="pc_link").facts["next"] == f"/c/{company.ref}/connect/netsuite/"


def test_go_stores_the_consent_and_leaves_with_a_fresh_link(sandbox, at_ana, ana):
    company = company_in("none", ana)

    answer = at_ana.post(f"/c/{company.ref}/connect/xero/go/")

    assert answer.status_code == 303
    assert answer.url.startswith(sandbox.url)
    consent = Consent.objects.get()
    assert (consent.user, consent.platform_key, consent.language) == (ana, "gbol", "en")
    assert consent.data_types == list(TABLES["bill_pay_async"].data_types)


def test_going_twice_makes_one_company_and_one_connection(sandbox, at_ana, ana):
    company = company_in("none", ana)

    links = {at_ana.post(f"/c/{company.ref}/connect/xero/go/").url for _ in range(2)}

    assert len(links) == 2  # a link works once
    assert [len(told["connections"]) for told in sandbox.companies()] == [1]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "We cannot reach Codat right now. Nothing is lost. Try again in a few minutes."),
        (429, "We are checking less often for now. Nothing is lost. Try again in a few minutes."),
        (402, "We cannot connect new companies right now."),
        (401, "Something is wrong on our side. Our own access to Codat does not work. We have been told. Nothing is"),
        (422, "It did not work."),
    ],
)
def test_trouble_at_codat_stays_on_before_and_says_so(status, words, sandbox, at_ana, ana):
    company = company_in("none", ana)
    sandbox.next_answer(status, times=None)

    answer = at_ana.post(f"/c/{company.ref}/connect/xero/go/")

    assert (answer.status_code, answer.url) == (303, f"/c/{company.ref}/connect/xero/")
    page = at_ana.get(answer.url)
    assert words in text_of(page)
    assert "Your connection is not affected." not in text_of(page)
    assert heading_of(page) == "Before you start with Xero"
    assert list(Connection.objects.exclude(codat_id=None)) == []


def test_a_day_that_is_used_up_says_how_long_to_wait(sandbox, at_ana, ana):
    company = company_in("none", ana)
    sandbox.next_answer(429, Retry_After=10000, times=None)

    answer = at_ana.post(f"/c/{company.ref}/connect/xero/go/")

    assert "Nothing is lost. Wait 3 hours, then try again." in text_of(at_ana.get(answer.url))


def test_a_link_address_is_in_no_page(sandbox, at_ana, ana):
    company = company_in("none", ana)
    link = at_ana.post(f"/c/{company.ref}/connect/xero/go/").url

    for page in ("", "connect/", "connect/xero/", "connection/", "activity/"):
        assert link not in at_ana.get(f"/c/{company.ref}/{page}", follow=True).content.decode()


@pytest.mark.parametrize("where", ["connect/xero/", "connection/"])
def test_pages_that_leave_for_link_may_end_forms_anywhere_by_https(where, at_ana, ana):
    company = company_in("stopped", ana)

    policy = at_ana.get(f"/c/{company.ref}/{where}")["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    assert "https:" in rules["form-action"].split()
    assert rules["script-src"] == "'self'"
