from django.apps import AppConfig


class PerformanceConfig(AppConfig):
    name = "performance"

    def ready(self) -> None:
        from activities.signals import import_finished, recording_stored
        from athletes.signals import athlete_changed
        from performance import tasks

        recording_stored.connect(tasks.when_a_recording_is_stored, dispatch_uid="analyse what was stored")
        athlete_changed.connect(tasks.when_an_athlete_changed, dispatch_uid="grade again")
        import_finished.connect(tasks.when_an_import_is_waited_for, dispatch_uid="results with the import")
