"""The Celery app and, in plain sight, when things run."""

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("agegrade")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def _logs_are_set_up_by_settings(**kwargs: Any) -> None:
    """With a listener here, Celery leaves the levels and handlers of config/logs.py alone."""


heartbeat_sent.connect(pulse.of_a_worker, dispatch_uid="a worker listens")
app.conf.beat_scheduler = "config.pulse:Scheduler"
app.conf.beat_max_loop_interval = 30  # seconds; its pulse is told at least as often

app.conf.beat_schedule = {
    # Both find work that a lost message left behind; where nothing was lost they cost one query each.
    "import what waits": {"task": "activities.tasks.import_waiting", "schedule": 60.0, "options": {"expires": 55}},
    "analyse what is stale": {"task": "performance.tasks.analyse_stale", "schedule": 60.0, "options": {"expires": 55}},
    "tend results": {"task": "performance.tasks.tend_results", "schedule": 60.0, "options": {"expires": 55}},
    "revoke what was given up": {
        "task": "activities.tasks.revoke_waiting",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "erase who asked": {"task": "athletes.tasks.erase_waiting", "schedule": 60.0, "options": {"expires": 55}},
    "sweep files of nobody": {"task": "activities.tasks.sweep_files", "schedule": 3600.0, "options": {"expires": 3500}},
    "grade again by the standard in force": {
        "task": "performance.tasks.regrade_what_is_stale",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "delete lists of club results": {
        "task": "performance.tasks.tend_club_results",
        "schedule": 600.0,
        "options": {"expires": 550},
    },
    # Idempotent: an account is taken up once a night however often this is asked, so a night that was missed is made good.
    "nightly sync": {"task": "activities.tasks.pull_everyone", "schedule": 900.0, "options": {"expires": 850}},
    "pull what is due": {"task": "activities.tasks.pull_due", "schedule": 60.0, "options": {"expires": 55}},
    "drop what is kept too long": {
        "task": "activities.tasks.drop_expired_strava",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "tend exports": {"task": "performance.tasks.tend_exports", "schedule": 600.0, "options": {"expires": 550}},
}
