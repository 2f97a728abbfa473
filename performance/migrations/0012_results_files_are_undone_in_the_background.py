from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("performance", "0011_analysis_stretches"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="resultsfile", name="results_file_state_known"),
        migrations.AlterField(
            model_name="resultsfile",
            name="state",
            field=models.CharField(
                choices=[
                    ("preview", "not taken in yet"),
                    ("taking", "being taken in"),
                    ("taken", "taken in"),
                    ("undoing", "being taken back"),
                    ("undone", "taken back"),
                ],
                default="preview",
                max_length=7,
            ),
        ),
        migrations.AddConstraint(
            model_name="resultsfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["preview", "taking", "taken", "undoing", "undone"])),
                name="results_file_state_known",
            ),
        ),
    ]
