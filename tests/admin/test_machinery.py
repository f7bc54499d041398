"""What came, what was sent, what happened: looked at by those who may, changed by few."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.actors import Actor
from onboarding.admin.delivery import MOST, REPLAYED_AT_ONCE
from onboarding.lifecycle import Source
from onboarding.models import Alarm, Delivery, Event, Mail, PlatformPause
from onboarding.usecases import timeline
from onboarding.usecases.watch import alarms
from tests import factories

DELIVERIES, EVENTS, MAILS = "/admin/onboarding/delivery/", "/admin/onboarding/event/", "/admin/onboarding/mail/"
PAUSES, ALARMS = "/admin/onboarding/platformpause/", "/admin/onboarding/alarm/"
BEFORE_THE_LIST = 4  # session, person, the rights of the person, those of the groups


def delivery(number: int = 0, **columns: object) -> Delivery:
    now = timezone.now()
    values = {"webhook_id": f"msg_{number:04}", "event_type": "connection.connected", "not_before": now}
    return Delivery.objects.create(**{**values, "payload": {"secret": "of the payload"}, **columns})


def parked(number: int) -> Delivery:
    return delivery(number, parked_at=timezone.now(), outcome="parked", error="boom", attempts=8)


def test_parked_deliveries_are_found_and_replayed_by_operations(operations: Client) -> None:
    rows = [parked(number) for number in range(3)]
    delivery(9, done_at=timezone.now())
    found = operations.get(f"{DELIVERIES}?stand=parked").context["cl"].result_list

    operations.post(DELIVERIES, {"action": "replay_chosen", "index": "0", "_selected_action": [rows[0].pk]})

    assert {row.pk for row in found} == {row.pk for row in rows}
    assert Delivery.objects.filter(parked_at=None, done_at=None).get() == rows[0]
    assert Event.objects.get(kind="replayed").facts == {"deliveries": 1, "which": "chosen", "ids": [rows[0].pk]}


def test_all_that_match_are_replayed_in_one_statement_and_on_record(operations: Client) -> None:
    rows = [parked(number) for number in range(150)]
    handled = delivery(999, done_at=timezone.now())
    chosen = {"action": "replay_chosen", "index": "0", "_selected_action": [rows[0].pk], "select_across": "1"}

    with CaptureQueriesContext(connection) as seen:
        operations.post(f"{DELIVERIES}?stand=parked", {**chosen, "reason": "Fixed"})

    updates = [query["sql"] for query in seen if query["sql"].startswith('UPDATE "onboarding_delivery"')]
    assert len(updates) == 1 and rows[0].pk not in updates[0]
    assert not Delivery.objects.filter(parked_at__isnull=False).exists()
    handled.refresh_from_db()
    assert handled.done_at
    told = Event.objects.get(kind="replayed")
    newest = list(Delivery.objects.exclude(pk=handled.pk).order_by("-received_at", "-webhook_id")[:100])
    assert (told.facts["deliveries"], told.facts["ids"]) == (150, [row.pk for row in newest])


def test_more_than_a_page_has_time_for_are_left_and_that_is_said(operations: Client) -> None:
    now = timezone.now()
    values = {"event_type": "x", "not_before": now, "parked_at": now}
    ids = [f"msg_{number:05}" for number in range(REPLAYED_AT_ONCE + 2)]
    Delivery.objects.bulk_create([Delivery(webhook_id=each, **values) for each in ids])
    Delivery.objects.update(received_at=now)  # then the greater id is the newer
    chosen = {"action": "replay_chosen", "index": "0", "_selected_action": ids[:1], "select_across": "1"}

    page = operations.post(f"{DELIVERIES}?stand=parked", chosen, follow=True)

    assert set(Delivery.objects.filter(parked_at__isnull=False).values_list("pk", flat=True)) == set(ids[:2])
    assert "10,000 deliveries are handled again." in page.content.decode() and MOST in page.content.decode()


def test_all_parked_are_replayed_at_once_with_a_reason(operations: Client) -> None:
    for number in range(3):
        parked(number)

    response = operations.post(f"{DELIVERIES}replay-parked/", {"reason": "Fixed"})

    assert response.status_code == 303
    assert not Delivery.objects.filter(parked_at__isnull=False).exists()
    assert Event.objects.get(kind="replayed").reason == "Fixed"


def test_support_replays_nothing(support: Client) -> None:
    row = parked(1)

    assert b"Replay" not in support.get(DELIVERIES).content
    assert support.post(f"{DELIVERIES}replay-parked/").status_code == 403
    support.post(DELIVERIES, {"action": "replay_chosen", "index": "0", "_selected_action": [row.pk]})

    row.refresh_from_db()
    assert row.parked_at is not None


def test_raw_payloads_are_for_auditors(support: Client, staff, sign_in) -> None:
    row = delivery()
    page = f"{DELIVERIES}{row.pk.replace('_', '_5F')}/change/"

    assert b"of the payload" not in support.get(page).content
    assert b"of the payload" in sign_in(staff("Auditor")).get(page).content


@pytest.mark.parametrize("count", [1, 3, 40])
def test_lists_cost_the_same_for_more_rows(support: Client, count: int, django_assert_num_queries) -> None:
    made = factories.company()
    for number in range(count):
        delivery(number)
        timeline.write("check", company=made, by=Actor(Source.STAFF))
        Mail.objects.create(kind="expired", to="a@x.example", language="en", company=made, not_before=timezone.now())

    for page in (DELIVERIES, EVENTS, MAILS):
        with django_assert_num_queries(BEFORE_THE_LIST + 1):
            assert support.get(page).status_code == 200


def test_deep_pages_of_events_follow_one_after_the_other(support: Client) -> None:
    made = factories.company()
    for number in range(60):
        timeline.write("check", company=made, by=Actor(Source.WORKER), at=timezone.now() - timedelta(days=number))
    seen, query = [], ""
    for _ in range(5):
        page = support.get(f"{EVENTS}{query}").context["cl"]
        seen += [row.pk for row in page.result_list]
        query = page.next_url
        if not query:
            break

    assert seen == list(Event.objects.order_by("-pk").values_list("pk", flat=True))


def test_events_are_found_by_correlation_webhook_and_kind(support: Client) -> None:
    made = factories.company()
    timeline.write("check", company=made, by=Actor(Source.WORKER), correlation_id="corr-1")
    timeline.write("gone", company=None, by=Actor(Source.WORKER), delivery_id="msg_1")

    for told, kind in (("corr-1", "check"), ("msg_1", "gone"), ("gone", "gone")):
        assert [row.kind for row in support.get(EVENTS, {"q": told}).context["cl"].result_list] == [kind]


def test_a_mail_is_shown_without_what_may_hold_a_code(support: Client) -> None:
    mail = Mail.objects.create(
        kind="code", to="ana@x.example", language="en", facts={"code": "918273"}, not_before=timezone.now()
    )

    content = support.get(f"{MAILS}{mail.pk}/change/").content + support.get(MAILS).content

    assert b"ana@x.example" in content
    assert b"918273" not in content


def test_a_lead_pauses_a_platform_with_words_for_customers(lead: Client) -> None:
    told = {"platform": "gbol", "reason_en": "Xero is down.", "reason_fr": "Xero est en panne.", "hours": 4}

    response = lead.post(f"{PAUSES}pause/", {**told, "reason": "Incident 4"})
    pause = PlatformPause.objects.get()
    lead.post(f"{PAUSES}{pause.pk}/resume/")

    assert response.status_code == 303
    assert (pause.platform_key, pause.reason_fr, str(pause.by)) == ("gbol", "Xero est en panne.", "Support lead Person")
    assert list(Event.objects.order_by("pk").values_list("kind", "reason")) == [
        ("paused", "Incident 4"),
        ("resumed", ""),
    ]
    pause.refresh_from_db()
    assert pause.ended_at is not None


def test_a_pause_needs_words_in_both_languages(lead: Client) -> None:
    response = lead.post(f"{PAUSES}pause/", {"platform": "gbol", "reason_en": "Down.", "hours": 4})

    assert response.status_code == 422
    assert not PlatformPause.objects.exists()


def test_an_alarm_is_cleared_by_operations_on_record(operations: Client, support: Client) -> None:
    alarms.sound("webhooks.silent", changes=1)
    alarm = Alarm.objects.get()

    assert support.post(f"{ALARMS}{alarm.pk}/clear/").status_code == 403
    operations.post(f"{ALARMS}{alarm.pk}/clear/")

    assert alarms.open_ones() == []
    assert Event.objects.get(kind="alarm.cleared").before == "webhooks.silent"


def test_nothing_of_the_machinery_is_changed_by_a_form(lead: Client) -> None:
    row, mail = delivery(), Mail.objects.create(kind="x", to="a@x.example", language="en", not_before=timezone.now())

    lead.post(f"{DELIVERIES}{row.pk.replace('_', '_5F')}/change/", {"event_type": "changed"})
    lead.post(f"{MAILS}{mail.pk}/change/", {"to": "b@x.example"})
    answers = [lead.get(f"{page}add/").status_code for page in (DELIVERIES, EVENTS, MAILS)]

    row.refresh_from_db()
    mail.refresh_from_db()
    assert (row.event_type, mail.to) == ("connection.connected", "a@x.example")
    assert answers == [403, 403, 403]
