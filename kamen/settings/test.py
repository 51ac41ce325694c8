"""Settings for the tests: real servers of the run's own, or those that DATABASE_URL and REDIS_URL name."""

import os
import tempfile
from pathlib import Path

from kamen import servers

from .base import *  # noqa: F403
from .base import MIDDLEWARE, broker, cache, database, env, private_files

# One home per run; parallel workers inherit it through the environment.
TEST_HOME = Path(os.environ.setdefault("KAMEN_TEST_HOME", f"{tempfile.gettempdir()}/kamen-test-{os.getpid()}"))
# Each server is the run's own unless its address is given; the other's address does not matter.
GIVEN_DATABASE, GIVEN_REDIS = env("DATABASE_URL", default=""), env("REDIS_URL", default="")
OWN_SERVERS = {name for name, given in {"postgres": GIVEN_DATABASE, "redis": GIVEN_REDIS}.items() if not given}

DEBUG = False
SECRET_KEY = "only-for-tests"  # noqa: S105
VAULT_KEY = "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2RlZjA"
VAULT_PEPPER = "cGVwcGVyLWZvci10ZXN0cy0wMTIzNDU2Nzg5YWJjZGU"
ANCHOR_KEY = "demo-YW5jaG9ycy1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2Q"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

DATABASE_URL = GIVEN_DATABASE or servers.database_url(TEST_HOME, servers.APPLICATION)
DATABASE_OWNER_URL = GIVEN_DATABASE or servers.database_url(TEST_HOME, servers.OWNER)
if GIVEN_DATABASE:
    DATABASE_OWNER_URL = env("DATABASE_OWNER_URL", default="") or GIVEN_DATABASE
REDIS_URL = GIVEN_REDIS or servers.redis_url(TEST_HOME)
DATABASES = {"default": database(DATABASE_URL)}
CELERY_BROKER_URL = broker(REDIS_URL)
CACHES = cache(REDIS_URL)
CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "main")
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True

ANCHORS_DIR = TEST_HOME / "anchors"
SUPPLIERS = {}  # a test that needs a supplier starts its own (tests/fixtures/deliveries.py)
SANDBOX_ADDRESS = SANDBOX_SECRET = ""  # a test that needs a channel starts its own (tests/fixtures/channel.py)

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "files": private_files(TEST_HOME / "files"),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if "prometheus" not in name and "whitenoise" not in name]
AXES_ENABLED = False
