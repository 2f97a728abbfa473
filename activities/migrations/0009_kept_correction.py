"""What a person corrected about a run outlives the run."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activities", "0008_strava_keep_or_erase"), ("athletes", "0004_athlete_shortcuts")]
    operations = [
        migrations.CreateModel(
            name="KeptCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(db_collation="C", max_length=120)),
                ("values", models.JSONField()),
                (
                    "athlete",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_corrections",
                        to="athletes.athlete",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("athlete", "key"), name="kept_correction_once")],
            },
        )
    ]
