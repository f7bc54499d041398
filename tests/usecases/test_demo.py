"""The demo that `make run` seeds, through the use cases and a sandbox."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from onboarding.models import Company, Connection, Mail, SignInLink, User
from onboarding.usecases import demo
from onboarding.usecases.demo_cast import EXTRAS, ORDERED, STAFF_EMAIL, Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seeded(sandbox, settings):
    """A sandbox that need not be spared, and the demo in it; the value is the ways in."""
    settings.DEMO, settings.CODAT_PER_MINUTE = True, 0
    return demo.seed("plain-demo-password")


def test_demo_shows_every_state_that_a_company_can_be_in_for_a_while(seeded):
    states = set(Company.objects.values_list("state", flat=True))
    assert states >= {
        *("invited", "signed_in", "pending", "failed", "reading", "waiting_pc"),
        *("linked", "permission", "expired", "unlinked"),
    }


def test_ways_in_are_one_customer_for_each_product_and_staff(seeded):
    assert [door.who.partition(":")[0] for door in seeded] == [
        "Bill Pay (asynchronous)",
        "Bill Pay (synchronous)",
        "Expenses",
        "Staff",
    ]
    assert all("/sign-in/link/" in door.way_in for door in seeded[:3])
    assert "plain-demo-password" in seeded[3].way_in


def test_what_happened_has_an_age_and_every_mail_has_left(seeded):
    company = Company.objects.get(name="Oakfield Vets LLP")
    assert company.linked_at < timezone.now() - timedelta(days=40)
    assert company.invited_at < company.accepted_at < company.linked_at
    assert not Mail.objects.filter(sent_at=None, not_before__lt=timezone.now()).exists()


def test_seeding_again_changes_nothing_but_the_links(seeded, sandbox):
    asked, before = len(sandbox.requests()), list(Company.objects.order_by("pk").values())
    demo.seed("plain-demo-password")
    assert list(Company.objects.order_by("pk").values()) == before
    assert len(sandbox.requests()) == asked
    assert SignInLink.objects.count() == 6


def test_what_a_visitor_did_stays_done(seeded):
    Company.objects.filter(name="Toft Stores Ltd").update(contact="Somebody else")
    staff = User.objects.get(email=STAFF_EMAIL)
    staff.set_password("chosen by the visitor")
    staff.save()
    again = demo.seed("plain-demo-password")
    assert Company.objects.get(name="Toft Stores Ltd").contact == "Somebody else"
    assert again[-1].way_in.endswith("your own password")


def test_no_company_and_no_connection_exists_twice_at_codat(seeded, sandbox):
    told = sandbox.counts()
    assert told["companies"] == Company.objects.exclude(codat_id=None).count()
    assert told["connections"] == Connection.objects.exclude(codat_id=None).count()
    assert told.get("invalid", 0) == 0


@pytest.mark.parametrize(
    ("stage", "states"),
    [
        (Stage.NEW, {"signed_in"}),
        (Stage.PENDING, {"pending"}),
        (Stage.LINKED, {"linked"}),
        (Stage.DEAUTHORIZED, {"expired"}),
    ],
)
def test_stage_on_order_has_a_customer_for_each_product(sandbox, settings, capsys, stage, states):
    settings.DEMO, settings.CODAT_PER_MINUTE = True, 0
    call_command("demo", stage=stage.value)
    assert set(Company.objects.values_list("state", flat=True)) == states
    assert set(Company.objects.values_list("product", flat=True)) == {"bill_pay_async", "bill_pay_sync", "expenses"}
    assert capsys.readouterr().out.count("/sign-in/link/") == 3


def test_sandbox_is_never_told_anything_outside_the_demo(sandbox, settings):
    settings.DEMO, settings.CODAT_PER_MINUTE = False, 0
    with pytest.raises(RuntimeError, match="outside the demo"):
        demo.order(Stage.LINKED)


def test_everybody_in_the_cast_is_somebody_else():
    cast = [*EXTRAS, *(scene for scenes in ORDERED.values() for scene in scenes)]
    assert len({scene.customer_id for scene in cast}) == len({scene.email for scene in cast}) == len(cast)
