"""Nobody who has used Agegrade before is asked for the first steps."""

from django.db import migrations
from django.utils import timezone


def welcomed(apps, schema_editor):
    apps.get_model("athletes", "User").objects.filter(last_login__isnull=False).update(welcomed_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("athletes", "0005_user_first_steps_and_last")]
    operations = [migrations.RunPython(welcomed, migrations.RunPython.noop)]
