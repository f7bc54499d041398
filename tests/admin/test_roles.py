"""The groups of staff: what the table says is what the database holds, and nothing more."""

from django.apps import apps
from django.contrib.auth.models import Group, Permission

from onboarding.roles import EVERYTHING, FINAL, IN_BULK, REVERSIBLE, ROLES, VIEW, grant, words_of


def rights_of(group: Group) -> set[str]:
    rows = group.permissions.values_list("content_type__app_label", "content_type__model", "codename")
    return {".".join(row) for row in rows}


def test_each_group_holds_exactly_its_rights() -> None:
    assert {group.name: rights_of(group) for group in Group.objects.all()} == {
        name: set(rights) for name, rights in ROLES.items()
    }


def test_granting_takes_back_what_is_not_in_the_table_and_leaves_other_groups() -> None:
    group, own = Group.objects.get(name="Auditor"), Group.objects.create(name="Our own")
    for each in (group, own):
        each.permissions.add(Permission.objects.get(codename="send_link"))

    grant(apps)

    assert "onboarding.company.send_link" not in rights_of(group)
    assert rights_of(own) == {"onboarding.company.send_link"}


def test_every_right_is_a_permission_that_some_model_declares() -> None:
    for right in VIEW | REVERSIBLE | FINAL | IN_BULK | EVERYTHING:
        app, model, codename = right.split(".")
        meta = apps.get_model(app, model)._meta
        declared = {name for name, _words in meta.permissions} | {
            f"{word}_{model}" for word in ("view", "add", "change")
        }
        assert codename in declared, right


def test_a_permission_says_what_the_model_says() -> None:
    assert words_of("company", "send_link") == "Can send a link again"
    assert words_of("mail", "view_mail") == "Can view mail"


def test_auditors_change_nothing() -> None:
    assert all(right.rpartition(".")[2].startswith("view_") for right in ROLES["Auditor"])
