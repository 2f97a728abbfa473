from django.apps import AppConfig


class PerformanceConfig(AppConfig):
    name = "performance"

    def ready(self) -> None:
        from activities.signals import (
            activities_go,
            activities_join,
            import_finished,
            recording_stored,
            recordings_go,
            sync_finished,
            what_would_go,
        )
        from athletes.signals import athlete_changed, stored_about
        from performance import leaving, tasks
        from performance.stored import stored_races

        recording_stored.connect(tasks.when_a_recording_is_stored, dispatch_uid="analyse what was stored")
        athlete_changed.connect(tasks.when_an_athlete_changed, dispatch_uid="grade again")
        import_finished.connect(tasks.when_an_import_is_waited_for, dispatch_uid="results with the import")
        sync_finished.connect(tasks.work_off_what_is_left, dispatch_uid="results with the sync")
        activities_go.connect(leaving.when_activities_go, dispatch_uid="results of runs that go")
        recordings_go.connect(leaving.when_recordings_go, dispatch_uid="runs linked to races")
        activities_join.connect(leaving.when_activities_join, dispatch_uid="results of runs that become one")
        what_would_go.connect(leaving.what_goes, dispatch_uid="results that would go")
        stored_about.connect(stored_races, dispatch_uid="races are stored")
