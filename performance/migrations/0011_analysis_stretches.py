"""What samples showed of a run that may be a race, found when it is analysed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("performance", "0010_club_results")]
    operations = [
        migrations.AddField(
            "analysis",
            "stretches",
            models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        )
    ]
