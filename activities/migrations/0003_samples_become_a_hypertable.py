"""Samples become a hypertable where TimescaleDB is; elsewhere they stay a plain table, which everything works on too."""

from django.db import migrations

#: measured in bench/README.md: few chunks, because each costs a lock in every statement that touches all of them
CHUNK_DAYS = 364

HYPERTABLE = """
    select create_hypertable(
        'activities_sampleblock',
        by_range('time', make_interval(days => %(days)s)),
        if_not_exists => true,
        migrate_data => true,
        create_default_indexes => false
    )
"""


def make_hypertable(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select 1 from pg_extension where extname = 'timescaledb'")
        if cursor.fetchone() is None:
            print(" (no TimescaleDB here: samples stay a plain table)", end="")
            return
        cursor.execute(HYPERTABLE, {"days": CHUNK_DAYS})


class Migration(migrations.Migration):
    dependencies = [("activities", "0002_rows_of_one_athlete_stay_together")]
    # Going back drops nothing: a hypertable is dropped with its table.
    operations = [migrations.RunPython(make_hypertable, migrations.RunPython.noop)]
