"""What one row alone cannot promise: a recording belongs to its activity's athlete, a block's columns are equally long."""

from django.db import migrations

COLUMNS = (
    "distance_step_cm", "latitude_step_e7", "longitude_step_e7", "altitude_step_dm", "heart_rate_bpm", "cadence_spm", "power_w", "speed_mmps",
    "temperature_dc",
)  # fmt: skip
EQUALLY_LONG = " and ".join(
    f"coalesce(cardinality({column}), cardinality(time_step_ms)) = cardinality(time_step_ms)" for column in COLUMNS
)

RULES = f"""
    alter table activities_activity add constraint activity_with_its_athlete unique (id, athlete_id);
    alter table activities_recording add constraint recording_of_its_activitys_athlete
        foreign key (activity_id, athlete_id) references activities_activity (id, athlete_id)
        deferrable initially deferred;
    alter table activities_sampleblock
        add constraint sample_block_columns_equally_long check ({EQUALLY_LONG}),
        add constraint sample_block_bounded check (cardinality(time_step_ms) between 1 and 4096),
        add constraint sample_block_position_whole check ((latitude_step_e7 is null) = (longitude_step_e7 is null));
"""
UNDO = """
    alter table activities_sampleblock
        drop constraint sample_block_columns_equally_long,
        drop constraint sample_block_bounded,
        drop constraint sample_block_position_whole;
    alter table activities_recording drop constraint recording_of_its_activitys_athlete;
    alter table activities_activity drop constraint activity_with_its_athlete;
"""


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial")]
    operations = [migrations.RunSQL(RULES, UNDO)]
