"""An import can be cancelled and taken back as a whole."""

from django.db import migrations, models
from django.db.models import Q

OUTCOMES = [
    ("waiting", "waiting"), ("new", "new"), ("same", "already here"), ("merged", "joined to an activity"),
    ("partial", "partly readable"), ("not_an_activity", "not an activity"), ("refused", "refused"), ("cancelled", "not read"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("activities", "0004_strava_accounts")]
    operations = [
        migrations.AddField("importbatch", "undo_asked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "importbatch",
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undo_asked_at__isnull=False),
                name="import_batch_undone_when_asked",
            ),
        ),
        migrations.AlterField(
            "importfile", "outcome", models.CharField(choices=OUTCOMES, default="waiting", max_length=16)
        ),
        migrations.RemoveConstraint("importfile", "import_file_outcome_known"),
        migrations.AddConstraint(
            "importfile",
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome for outcome, _label in OUTCOMES]), name="import_file_outcome_known"
            ),
        ),
    ]
