"""The Celery application: tasks are wake-up calls, the truth is in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kamen.settings.local")
app = Celery("kamen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
