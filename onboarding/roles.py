"""The groups of staff, and what each may do. Migrations call `grant` whenever this table has changed."""

from typing import Any

from django.apps import apps as installed

APP = "onboarding"
SEEN_BY_ALL = (
    "company",
    "connection",
    "membership",
    "invitation",
    "consent",
    "softwarerequest",
    "event",
    "mail",
    "mailrefusal",
    "note",
    "delivery",
    "batch",
    "batchrow",
    "platformstate",
    "platformpause",
    "deletionrequest",
    "sweep",
    "heartbeat",
    "quota",
    "tally",
    "alarm",
)

VIEW = frozenset(f"{APP}.{model}.view_{model}" for model in SEEN_BY_ALL) | {f"{APP}.company.view_as_customer"}
REVERSIBLE = frozenset(
    f"{APP}.{name}"
    for name in (
        "company.add_company",
        "company.change_company",
        "company.send_link",
        "company.copy_link",
        "company.choose_software",
        "company.open_link",
        "company.check_status",
        "company.read_data",
        "company.start_afresh",
        "company.retry_partner",
        "company.revoke_invitation",
        "company.end_sessions",
        "company.manage_people",
        "company.answer_request",
        "connection.unlink_connection",
        "note.add_note",
    )
)
FINAL = frozenset(
    f"{APP}.{name}"
    for name in (
        "company.edit_identity",
        "company.ask_deletion",
        "company.confirm_deletion",
        "connection.remove_connection",
        "platformpause.pause_platform",
    )
)
IN_BULK = frozenset(
    f"{APP}.{name}"
    for name in (
        "company.act_in_bulk",
        "company.export_companies",
        "delivery.replay_delivery",
        "batch.import_companies",
        "batch.stop_batch",
        "alarm.change_alarm",
    )
)
EVERYTHING = frozenset({f"{APP}.delivery.view_payload", f"{APP}.user.view_user", "admin.logentry.view_logentry"})

# A right is written app.model.codename; a permission of Django's is app.codename of that model.
ROLES = {
    "Support": VIEW | REVERSIBLE,
    "Support lead": VIEW | REVERSIBLE | FINAL,
    "Operations": VIEW | REVERSIBLE | IN_BULK,
    "Auditor": VIEW | EVERYTHING,
}


def grant(apps: Any, using: str = "default") -> None:
    """Give the groups exactly the rights of this table, making what is missing. Other groups are left alone.

    `apps` is a registry: a migration's, or Django's own.
    """
    groups = apps.get_model("auth", "Group")
    for name, rights in ROLES.items():
        group, _is_new = groups.objects.using(using).get_or_create(name=name)
        group.permissions.set([_permission(apps, using, right) for right in sorted(rights)])


def _permission(apps: Any, using: str, right: str) -> Any:
    """The permission's row: Django makes it after all migrations, and a new database needs it before."""
    app, model, codename = right.split(".")
    kinds, permissions = apps.get_model("contenttypes", "ContentType"), apps.get_model("auth", "Permission")
    kind, _is_new = kinds.objects.using(using).get_or_create(app_label=app, model=model)
    return permissions.objects.using(using).get_or_create(
        content_type=kind, codename=codename, defaults={"name": words_of(model, codename)}
    )[0]


def words_of(model: str, codename: str) -> str:
    """What the permission says of itself: as in the model's own list, or in Django's manner."""
    for app_label in (APP, "admin"):
        try:
            meta = installed.get_model(app_label, model)._meta
        except LookupError:
            continue
        own = {name: str(words) for name, words in meta.permissions}
        return own.get(codename) or f"Can {codename.partition('_')[0]} {meta.verbose_name_raw}"
    return codename
