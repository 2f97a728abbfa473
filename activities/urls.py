from django.urls import path

from activities import views

app_name = "activities"

urlpatterns = [
    path("import/", views.import_new, name="import-new"),
    path("import/<int:batch_id>/", views.import_batch, name="import"),
]
