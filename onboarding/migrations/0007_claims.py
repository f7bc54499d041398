"""Claims of messages in a table of their own, and one index less on each message.

Django gives a text key an index for `LIKE` on PostgreSQL. Nobody searches messages by the beginning of their id, and
every message kept or handled pays for it.
"""

from django.db import migrations, models

SPARE = "onboarding_delivery_webhook_id_9491c944_like"


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {SPARE}")


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"CREATE INDEX {SPARE} ON onboarding_delivery (webhook_id varchar_pattern_ops)")


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0006_room_for_sightings")]
    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                ("webhook_ids", models.JSONField(default=list)),
            ],
        ),
        migrations.RunPython(drop, make),
    ]
