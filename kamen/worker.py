"""The Celery application: tasks are wake-up calls, the truth is in the database."""

from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging

from kamen import startup

startup.settings_module()
startup.read_settings()
app = Celery("kamen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def look_around(**_: Any) -> None:
    """The worker and beat start only where the web would."""
    startup.check_or_exit()


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Django's LOGGING is everybody's; Celery brings none of its own."""
