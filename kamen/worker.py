"""The Celery application: tasks are wake-up calls, the truth is in the database."""

from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging, task_success, worker_ready

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


@worker_ready.connect
def wait_for_work(**_: Any) -> None:
    """From now on all regular work is waited for: what does not end well stands on the house's page."""
    from timeline import runs

    runs.expect()


@task_success.connect
def note_work(sender: Any, **_: Any) -> None:
    """Regular work ended well."""
    from timeline import runs

    runs.ended(sender.name)
