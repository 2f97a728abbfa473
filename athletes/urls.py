from django.urls import path

from athletes import views

app_name = "athletes"

urlpatterns = [
    path("", views.home, name="home"),
    path("more/", views.more, name="more"),
    path("settings/", views.settings, name="settings"),
]
