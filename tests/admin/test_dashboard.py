"""The front page: what is counted where, at a fixed cost, and the same as a file."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.admin import numbers, plot
from onboarding.admin.numbers import Chosen
from onboarding.admin.percentile import Percentile, Seconds
from onboarding.lifecycle import Source, Status
from onboarding.models import Company, Connection, Delivery, Sweep
from onboarding.usecases import timeline
from onboarding.usecases.watch import alarms, tallies
from tests import factories
from tests.admin.conftest import LIST, page_of

STEPS = ("invited_at", "accepted_at", "picked_at", "at_link_at", "linked_at", "first_read_at")
WEBHOOK = Actor(Source.WEBHOOK)


def at_step(number: int, *, days: float = 10, hours: float = 1, **columns: object) -> Company:
    """A company whose furthest step is the n-th, each an hour after the one before."""
    made = factories.company(customer_id=f"c-{Company.objects.count()}")
    begin = timezone.now() - timedelta(days=days)
    times = {name: begin + timedelta(hours=hours * place) for place, name in enumerate(STEPS[: number + 1])}
    missing = dict.fromkeys(STEPS[number + 1 :])
    since = {"state_since": begin, "turn": 1}
    Company.objects.filter(pk=made.pk).update(**{**times, **missing, **since, **columns})
    return made


def told(**chosen: str) -> numbers.Numbers:
    return numbers.compute(Chosen.of(chosen), timezone.now())


def test_each_company_counts_once_at_its_furthest_step(support: Client) -> None:
    for number in (0, 0, 1, 4, 5):
        at_step(number)

    rows = support.get("/admin/").context["funnel"]

    assert [row["count"] for row in rows] == [5, 3, 2, 2, 2, 1]
    assert [row["waiting"] for row in rows] == [2, 1, 0, 0, 1, None]
    assert [row["of_before"] for row in rows] == [None, 60, 67, 100, 100, 50]
    assert [row["name"] for row in rows if row["is_weakest"]] == ["First read done"]
    assert rows[0]["median"] == "1 h 00"


def test_a_step_that_was_jumped_over_still_counts(support: Client) -> None:
    made = at_step(5)
    Company.objects.filter(pk=made.pk).update(picked_at=None, at_link_at=None)

    assert [row["count"] for row in support.get("/admin/").context["funnel"]] == [1] * 6


def test_the_cohort_is_by_the_day_of_the_invitation() -> None:
    at_step(0, days=10)
    at_step(0, days=200)

    assert told(period="30").funnel["all"] == 1
    assert told(period="365").funnel["all"] == 2
    assert told(period="nonsense").funnel["all"] == 1


def test_the_links_of_the_funnel_find_what_they_count(support: Client) -> None:
    for number in (0, 0, 3):
        at_step(number, product="expenses")
    at_step(0)

    rows = support.get("/admin/?product=expenses&period=30").context["funnel"]
    found = support.get(rows[0]["url"]).context["cl"].result_list

    assert rows[0]["waiting"] == len(found) == 2


def test_the_heat_table_counts_by_step_and_age_and_links_there(support: Client) -> None:
    at_step(0, days=5)
    at_step(0, days=5)
    at_step(3, days=40)

    rows = support.get("/admin/").context["heat"]

    counts = {row["name"]: [cell["count"] for cell in row["cells"]] for row in rows}
    assert counts["Invited, not signed in"] == [0, 0, 2, 0, 0]
    assert counts["At Link, not linked"] == [0, 0, 0, 0, 1]
    cell = rows[0]["cells"][2]
    assert len(support.get(cell["url"]).context["cl"].result_list) == 2
    assert cell["shade"] > rows[0]["cells"][0]["shade"]


def test_the_six_numbers(support: Client) -> None:
    now = timezone.now()
    at_step(5, linked_at=now, state="linked", turn=2)
    at_step(5, linked_at=now - timedelta(days=7), state="partial")
    at_step(5, linked_at=now - timedelta(days=90), state="expired", turn=0, needs="expired", needs_since=now)

    heads = {head["name"]: head for head in support.get("/admin/").context["heads"]}

    assert (heads["Need someone today"]["value"], heads["Need someone today"]["note"]) == ("1", "1 new since yesterday")
    assert heads["Linked this week"]["value"] == "1"
    assert heads["Linked this week"]["note"] == "1 the week before"
    assert (heads["Access expired now"]["value"], heads["Access expired now"]["note"]) == ("1", "oldest: 10 days")
    assert (heads["Reads failing"]["value"], heads["Reads failing"]["note"]) == ("1", "of 2 connected")


def test_weeks_count_expiries_and_new_grants() -> None:
    made = factories.company()
    for _ in range(2):
        timeline.write("expired", company=made, by=WEBHOOK, before="Linked")
    timeline.write("connected", company=made, by=WEBHOOK, before="Deauthorized")
    timeline.write("connected", company=made, by=WEBHOOK, before="PendingAuth")
    timeline.write("expired", company=made, by=WEBHOOK, at=timezone.now() - timedelta(weeks=20))

    weeks = told().weeks

    assert len(weeks) == numbers.WEEKS
    assert weeks[-1][1:] == (2, 1)
    assert sum(week[1] for week in weeks) == 2


def test_platforms_tell_how_each_way_to_link_ended() -> None:
    now = timezone.now()
    for number, (linked, code, failures) in enumerate(
        [(1, 200, 0), (1, 200, 0), (0, 403, 0), (0, 500, 2), (0, None, 0)]
    ):
        made = at_step(3)
        Connection.objects.create(
            company=made, platform_key="gbol", status=Status.PENDING_AUTH, left_at=now, returned_code=code,
            linked_at=now + timedelta(minutes=number + 1) if linked else None, failures=failures,
            first_read_at=now + timedelta(minutes=number + 11) if linked else None,
        )  # fmt: skip

    (row,) = told().platforms

    assert (row["name"], row["at_link"], row["linked"], row["cancelled"], row["error"]) == ("Xero", 5, 2, 1, 1)
    assert row["minutes"] == pytest.approx(90, abs=1)
    assert row["first_read"] == pytest.approx(600, abs=1)


def test_the_morning_list_groups_what_is_done_alike(support: Client) -> None:
    for needs in ("errors", "expired", "expired"):
        at_step(5, turn=0, needs=needs, state="expired")

    morning = support.get("/admin/").context["morning"]

    assert [row["needs"] for row in morning["rows"]] == ["expired", "expired", "errors"]
    assert all(row["todo"] and row["url"].startswith(LIST) for row in morning["rows"])


def test_an_empty_morning_says_when_it_was_computed(support: Client) -> None:
    assert b"Nobody needs you. Computed at " in support.get("/admin/").content


def test_alarms_and_parked_webhooks_are_said(support: Client) -> None:
    alarms.sound("webhooks.silent", changes=3)
    now = timezone.now()
    Delivery.objects.create(webhook_id="m1", event_type="x", not_before=now, parked_at=now)

    response = support.get("/admin/")

    assert b"No event for a day" in response.content
    assert ("Parked webhooks", "1", True) in response.context["machinery"]["rows"]


def test_webhooks_that_were_parked_or_late_need_someone_too(support: Client) -> None:
    now = timezone.now()
    parked_at = now - timedelta(hours=3)
    Delivery.objects.create(webhook_id="m1", event_type="x", not_before=now, parked_at=parked_at)
    Sweep.objects.create(started_at=now, finished_at=now, is_whole=True, missed_by_webhook=2)

    parked, late = support.get("/admin/").context["morning"]["rows"]

    assert (parked["name"], parked["age"]) == ("1 webhook not handled", "3 hours")
    assert late["name"] == "2 changes found by the sweep first"
    assert len(support.get(parked["url"]).context["cl"].result_list) == 1
    assert support.get(late["url"]).status_code == 200


def test_staff_see_when_an_old_secret_was_last_used(support: Client, settings) -> None:
    settings.CODAT_WEBHOOK_SECRETS = ["whsec_bmV3LXNlY3JldA==", "whsec_b2xkLXNlY3JldA=="]
    tallies.count("webhook.old_secret")

    rows = {name: value for name, value, _ in support.get("/admin/").context["machinery"]["rows"]}

    assert "last used at" in rows["Two webhook secrets are accepted"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_front_page_costs_the_same_for_more_companies(
    support: Client, count: int, django_assert_num_queries, settings
) -> None:
    for number in range(count):
        at_step(number, turn=0, needs="expired")
    cache.clear()

    first, again = (21, 5) if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache") else (15, 4)
    with django_assert_num_queries(first):
        support.get("/admin/")
    with django_assert_num_queries(again):  # session, person, rights twice; and the kept numbers, if they are rows
        support.get("/admin/")


def test_numbers_are_kept_for_a_minute_for_each_choice(support: Client) -> None:
    at_step(0)
    support.get("/admin/")
    at_step(0)

    assert support.get("/admin/").context["funnel"][0]["count"] == 1
    assert support.get("/admin/?period=30").context["funnel"][0]["count"] == 2


def test_the_file_holds_the_same_numbers(support: Client) -> None:
    at_step(0)

    response = support.get("/admin/numbers.csv?period=30")
    rows = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert {"table": "funnel", "row": "Invited", "column": "count", "value": "1"} in rows


def test_a_plot_is_drawn_to_the_scale_of_its_highest_week() -> None:
    monday = timezone.now()
    drawn = plot.draw([(monday, 8, 4), (monday, 0, 2)])

    assert [value for value, _y in drawn.lines] == [0, 2, 4, 6, 8]
    tall, half = drawn.weeks[0].bars
    assert tall.height == pytest.approx(2 * half.height, abs=0.2)
    assert tall.y + tall.height == pytest.approx(half.y + half.height, abs=0.2)
    assert drawn.summary == "In the last 2 weeks access expired 8 times and was given again 6 times."


def test_a_plot_of_nothing_is_a_scale() -> None:
    assert plot.draw([]).weeks == []


@pytest.mark.parametrize(("share", "minutes"), [(0.5, 2.5), (0.0, 1), (1.0, 4), (0.9, 3.7)])
def test_percentiles_lie_between_the_values(share: float, minutes: float) -> None:
    now = timezone.now()
    for number in (4, 1, 3, 2):
        made = factories.company(customer_id=f"c{number}")
        Company.objects.filter(pk=made.pk).update(invited_at=now, linked_at=now + timedelta(minutes=number))
    factories.company(customer_id="none")

    found = Company.objects.aggregate(it=Percentile(Seconds("invited_at", "linked_at"), share))["it"]

    assert found == pytest.approx(minutes * 60, abs=0.01)


def test_a_company_of_the_morning_opens_from_there(support: Client) -> None:
    made = at_step(5, turn=0, needs="expired", state="expired")

    assert page_of(made) in support.get("/admin/").content.decode()


def test_staff_without_the_right_see_no_numbers(sign_in) -> None:
    browser = sign_in(factories.sam())

    assert "funnel" not in browser.get("/admin/").context
    assert browser.get("/admin/numbers.csv").status_code == 403
