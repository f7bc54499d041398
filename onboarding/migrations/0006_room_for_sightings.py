"""Half of each page of the connections is left free, where the database knows such a thing.

A sweep writes to every row that it saw, hour after hour. With room beside them the new versions stay on their page,
and no index hears of it; without it each goes elsewhere, into five indexes, and the table grows to that size anyway.
"""

from django.db import migrations


def leave(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE onboarding_connection SET (fillfactor = 50)")


def fill(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE onboarding_connection RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0005_uploads")]
    operations = [migrations.RunPython(leave, fill)]
