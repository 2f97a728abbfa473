import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("performance", "0009_standards"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClubResults",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("name", models.CharField(blank=True, max_length=200)),
                ("content", models.BinaryField()),
                ("total", models.PositiveIntegerField()),
                ("asked", models.JSONField(blank=True, null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("graded", models.BinaryField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="club_results_expires")],
            },
        ),
    ]
