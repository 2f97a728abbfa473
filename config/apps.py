from django.apps import AppConfig
from django.core.checks import register


class AgegradeConfig(AppConfig):
    name = "config"
    label = "agegrade"

    def ready(self) -> None:
        from config import checks

        register(checks.production_is_served_over_https, deploy=True)
        register(checks.stravas_marks_can_be_shown)
