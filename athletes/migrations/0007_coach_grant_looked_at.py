from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("athletes", "0006_who_is_here_was_welcomed")]

    operations = [
        migrations.AddField(
            model_name="coachgrant",
            name="looked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
