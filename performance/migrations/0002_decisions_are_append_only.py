"""A decision is a fact: appended, never rewritten. A race belongs to the athlete of the activity it was found in."""

from django.db import migrations

RULES = """
    create trigger race_decision_only_appended before update on performance_racedecision
        for each row execute function only_appended();
    alter table performance_race add constraint race_of_its_activitys_athlete
        foreign key (found_in_id, athlete_id) references activities_activity (id, athlete_id)
        deferrable initially deferred;
"""
UNDO = """
    alter table performance_race drop constraint race_of_its_activitys_athlete;
    drop trigger race_decision_only_appended on performance_racedecision;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("performance", "0001_initial"),
        ("athletes", "0002_audit_is_append_only"),
        ("activities", "0002_rows_of_one_athlete_stay_together"),
    ]
    operations = [migrations.RunSQL(RULES, UNDO)]
