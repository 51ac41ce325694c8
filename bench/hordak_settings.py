"""Settings of the peer django-hordak: its own database on the same server, nothing else installed."""

import os

from kamen.settings.base import database

SECRET_KEY = "only-for-benchmarks"  # noqa: S105
DATABASES = {"default": database(os.environ["BENCH_HORDAK_URL"])}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DEFAULT_CURRENCY = HORDAK_INTERNAL_CURRENCY = "CNY"
CURRENCIES = HORDAK_CURRENCIES = ["CNY"]
