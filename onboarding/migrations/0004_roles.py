from django.db import migrations

from onboarding.roles import ROLES, grant


def make_groups(apps, schema_editor):
    grant(apps, schema_editor.connection.alias)


def remove_groups(apps, schema_editor):
    groups = apps.get_model("auth", "Group")
    groups.objects.using(schema_editor.connection.alias).filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("onboarding", "0003_search_index"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]
    operations = [migrations.RunPython(make_groups, remove_groups)]
