"""An index for the search box of the companies list, as far as the database has one.

PostgreSQL  a trigram index; it needs the extension pg_trgm, which the database's owner may create
SQLite      an index that holds all that the search reads, so that it reads nothing else
"""

from django.db import DatabaseError, migrations, transaction

NO_EXTENSION = """
  Note: the PostgreSQL extension pg_trgm is missing and could not be created by this user ({why}).
  Searching for companies works without it, but slows down with their number. To have it, let an administrator run
      CREATE EXTENSION pg_trgm;
      CREATE INDEX company_search ON onboarding_company USING gin (search_text gin_trgm_ops);
"""


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            print(NO_EXTENSION.format(why=str(error).splitlines()[0]))  # noqa: T201  said to whoever migrates
            return
        schema_editor.execute(
            "CREATE INDEX IF NOT EXISTS company_search ON onboarding_company USING gin (search_text gin_trgm_ops)"
        )
    elif schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            "CREATE INDEX IF NOT EXISTS company_search ON onboarding_company (search_text, turn, state_since, id)"
        )


def remove(apps, schema_editor):
    """The extension stays: others may use it."""
    schema_editor.execute("DROP INDEX IF EXISTS company_search")


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0002_morning_order_and_rights")]
    operations = [migrations.RunPython(add, remove)]
