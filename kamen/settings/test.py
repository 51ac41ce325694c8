"""Settings for the tests: real servers of the run's own, or those that DATABASE_URL and REDIS_URL name."""

import os
import tempfile
from pathlib import Path

from kamen import servers

from .base import *  # noqa: F403
from .base import MIDDLEWARE, broker, database, env

# One home per run; parallel workers inherit it through the environment.
TEST_HOME = Path(os.environ.setdefault("KAMEN_TEST_HOME", f"{tempfile.gettempdir()}/kamen-test-{os.getpid()}"))
EMBEDDED = "DATABASE_URL" not in os.environ

DEBUG = False
SECRET_KEY = "only-for-tests"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

DATABASE_URL = env("DATABASE_URL", default=servers.database_url(TEST_HOME, servers.APPLICATION))
DATABASE_OWNER_URL = env(
    "DATABASE_OWNER_URL", default=env("DATABASE_URL", default=servers.database_url(TEST_HOME, servers.OWNER))
)
REDIS_URL = env("REDIS_URL", default=servers.redis_url(TEST_HOME))
DATABASES = {"default": database(DATABASE_URL)}
CELERY_BROKER_URL = broker(REDIS_URL)

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if "prometheus" not in name]
AXES_ENABLED = False
