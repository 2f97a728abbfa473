from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("athletes", "0004_athlete_shortcuts")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="erase_asked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="welcomed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
