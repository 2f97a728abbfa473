"""Which recording lent a series to the one that leads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("performance", "0007_results_files")]
    operations = [
        migrations.AddField(
            "analysis",
            "borrowed",
            models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        )
    ]
