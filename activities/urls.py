from django.urls import path

from activities import demo_views, views
from activities.strava import sync_views
from activities.strava import views as strava
from activities.strava.webhooks import webhook

app_name = "activities"

urlpatterns = [
    path("webhooks/strava/", webhook, name="strava-webhook"),
    path("sync/", sync_views.sync_page, name="sync"),
    path("sync/now/", sync_views.sync_now, name="sync-now"),
    path("sync/change/", sync_views.sync_change, name="sync-change"),
    path("sync/everybody/", sync_views.everybody, name="sync-everybody"),
    path("connect/strava/", strava.connect, name="strava-connect"),
    path("connect/strava/start/", strava.start, name="strava-start"),
    path("connect/strava/callback/", strava.callback, name="strava-callback"),
    path("connect/strava/disconnect/", strava.disconnect, name="strava-disconnect"),
    path("connect/strava/data/", strava.keep_or_delete, name="strava-data"),
    path("strava/<slug:name>", strava.strava_artwork, name="strava-artwork"),
    path("settings/strava/", strava.application, name="strava-application"),
    path("settings/strava/check/", strava.operators_check, name="strava-check"),
    path("import/", views.import_new, name="import-new"),
    path("import/<int:batch_id>/", views.import_batch, name="import"),
    path("import/<int:batch_id>/cancel/", views.import_cancel, name="import-cancel"),
    path("import/<int:batch_id>/retry/", views.import_retry, name="import-retry"),
    path("import/<int:batch_id>/undo/", views.import_undo, name="import-undo"),
    path("demo/look/", demo_views.demo_look, name="demo-look"),
    path("demo/remove/", demo_views.demo_remove, name="demo-remove"),
]
