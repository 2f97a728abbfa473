from django.urls import path

from performance.views import (
    account_export,
    activities,
    age_grade,
    bests,
    race_decide,
    race_faces,
    race_form,
    race_runs,
    races,
    sources,
)

app_name = "performance"

urlpatterns = [
    path("races/", races.race_list, name="race-list"),
    path("races.csv", race_faces.race_csv, name="race-csv"),
    path("races.json", race_faces.race_json, name="race-json"),
    path("races.ics", race_faces.race_ics, name="race-ics"),
    path("races/add/", race_form.race_add, name="race-add"),
    path("races/decide/", race_decide.races_decide, name="races-decide"),
    path("races/decided/", race_decide.races_decided, name="races-decided"),
    path("races/<int:race_id>/edit/", race_form.race_edit, name="race-edit"),
    path("races/<int:race_id>/runs/", race_runs.race_runs, name="race-runs"),
    path("races/<int:race_id>/decide/", race_decide.race_decide, name="race-decide"),
    path("activities/<int:activity_id>/mark/", race_decide.activity_mark, name="activity-mark"),
    path("age-grade/", age_grade.age_grade, name="age-grade"),
    path("activities/", activities.activity_list, name="activity-list"),
    path("activities.csv", activities.activities_csv, name="activity-csv"),
    path("activities.json", activities.activities_json, name="activity-json-list"),
    path("activities/<int:activity_id>/", activities.activity, name="activity"),
    path("activities/<int:activity_id>.json", activities.activity_json, name="activity-json"),
    path("export/", account_export.export, name="export"),
    path("export/<int:export_id>.zip", account_export.export_file, name="export-file"),
    path("export/<int:export_id>/drop/", account_export.export_drop, name="export-drop"),
    path("bests/", bests.best_list, name="race-bests"),
    path("activities/<int:activity_id>/sources/", sources.sources, name="activity-sources"),
    path("recordings/<int:recording_id>/split/", sources.recording_split, name="recording-split"),
    path("recordings/<int:recording_id>/remove/", sources.recording_remove, name="recording-remove"),
    path("same-run/", sources.same_run, name="same-run"),
    path("same-run/<int:one_id>/<int:other_id>/", sources.same_run_say, name="same-run-say"),
    path("efforts.json", activities.efforts_json, name="activity-efforts"),
]
