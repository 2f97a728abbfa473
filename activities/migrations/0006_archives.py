"""Files that came in an archive, and rows of its table that name a file and tell what no column holds."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("activities", "0005_import_taken_back")]
    operations = [
        migrations.AddField(
            "importfile",
            "within",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="entries",
                to="activities.importfile",
            ),
        ),
        migrations.AddField("importfile", "entry_no", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddConstraint(
            "importfile", models.UniqueConstraint(fields=("within", "entry_no"), name="import_file_entry_once")
        ),
        migrations.AddConstraint(
            "importfile",
            models.CheckConstraint(
                condition=Q(within__isnull=True, entry_no__isnull=True)
                | Q(within__isnull=False, entry_no__isnull=False),
                name="import_file_entry_of_an_archive",
            ),
        ),
        migrations.AddField(
            "recording", "companion_hash", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        migrations.AddField(
            "recording",
            "told",
            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddIndex(
            "recording",
            models.Index(condition=~Q(companion_hash=""), fields=["companion_hash"], name="recording_companion"),
        ),
    ]
