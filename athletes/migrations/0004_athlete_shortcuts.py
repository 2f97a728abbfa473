from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("athletes", "0003_athlete_heart_rates"),
    ]

    operations = [
        migrations.AddField(
            model_name="athlete",
            name="shortcuts",
            field=models.BooleanField(db_default=True, default=True, verbose_name="keyboard shortcuts"),
        ),
    ]
