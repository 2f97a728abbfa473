from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0003_samples_become_a_hypertable"),
        ("performance", "0002_decisions_are_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="analysis",
            name="heart",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="analysis",
            name="load",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="analysis",
            name="load_basis",
            field=models.CharField(
                blank=True,
                choices=[
                    ("samples", "heart rate, every beat recorded"),
                    ("average", "average heart rate"),
                    ("pace", "pace"),
                ],
                db_default="",
                default="",
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="analysis",
            name="load_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("load__isnull", True), ("load_basis", "")),
                    models.Q(("load__gte", 0), models.Q(("load_basis", ""), _negated=True)),
                    _connector="OR",
                ),
                name="analysis_load_names_its_basis",
            ),
        ),
    ]
