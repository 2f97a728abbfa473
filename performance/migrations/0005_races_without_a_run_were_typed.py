"""Until now a race without a recorded activity was one that somebody typed in."""

from django.db import migrations


def mark_the_typed(apps, schema_editor):
    apps.get_model("performance", "Race").objects.filter(found_in__isnull=True).update(typed=True)


class Migration(migrations.Migration):
    dependencies = [("performance", "0004_a_race_is_a_record")]

    operations = [migrations.RunPython(mark_the_typed, migrations.RunPython.noop)]
