from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("athletes", "0002_audit_is_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="athlete",
            name="hr_max",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="maximum heart rate"),
        ),
        migrations.AddField(
            model_name="athlete",
            name="hr_rest",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="resting heart rate"),
        ),
        migrations.AddConstraint(
            model_name="athlete",
            constraint=models.CheckConstraint(
                condition=models.Q(("hr_max__isnull", True), ("hr_max__range", (100, 240)), _connector="OR"),
                name="athlete_hr_max_plausible",
            ),
        ),
        migrations.AddConstraint(
            model_name="athlete",
            constraint=models.CheckConstraint(
                condition=models.Q(("hr_rest__isnull", True), ("hr_rest__range", (25, 99)), _connector="OR"),
                name="athlete_hr_rest_plausible",
            ),
        ),
    ]
