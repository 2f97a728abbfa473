from django.urls import path

from activities import views

app_name = "activities"

urlpatterns = [
    path("import/", views.import_new, name="import-new"),
    path("import/<int:batch_id>/", views.import_batch, name="import"),
    path("import/<int:batch_id>/cancel/", views.import_cancel, name="import-cancel"),
    path("import/<int:batch_id>/retry/", views.import_retry, name="import-retry"),
    path("import/<int:batch_id>/undo/", views.import_undo, name="import-undo"),
]
