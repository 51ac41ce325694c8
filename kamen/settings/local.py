"""The demo and development mall on this machine: embedded servers under .local/, mail into files, a movable clock."""

import os
import secrets
from pathlib import Path

from kamen import servers

from .base import *  # noqa: F403
from .base import (
    BASE_DIR,
    CONTENT_SECURITY_POLICY,
    SELF,
    STORAGES,
    SUPPLIERS,
    broker,
    cache,
    database,
    env,
    private_files,
)


def local_secret(name: str, length: int, prefix: str = "") -> str:
    """A secret of this machine's own, made once of `length` random bytes and kept out of the repository."""
    path = LOCAL_DIR / name
    if not path.exists():
        LOCAL_DIR.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(prefix + secrets.token_urlsafe(length))
    return path.read_text()


# Everything the demo keeps: servers, mail, logs, collected files.
LOCAL_DIR = Path(env("KAMEN_LOCAL_DIR", default="") or BASE_DIR / ".local").resolve()
SERVERS_HOME = LOCAL_DIR / "servers"

DEMO = True
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or local_secret("secret-key", 50)
VAULT_KEY = env("VAULT_KEY", default="") or local_secret("vault-key", 32)
VAULT_PEPPER = env("VAULT_PEPPER", default="") or local_secret("vault-pepper", 32)
ANCHOR_KEY = env("ANCHOR_KEY", default="") or local_secret("anchor-key", 32, prefix="demo-")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
PORT = env.int("PORT", default=8000)
PUBLIC_ADDRESS = env("PUBLIC_ADDRESS", default=f"http://127.0.0.1:{PORT}")

GIVEN_DATABASE, GIVEN_REDIS = env("DATABASE_URL", default=""), env("REDIS_URL", default="")
DATABASE_URL = GIVEN_DATABASE or servers.database_url(SERVERS_HOME, servers.APPLICATION)
DATABASE_OWNER_URL = servers.database_url(SERVERS_HOME, servers.OWNER)
if GIVEN_DATABASE:
    DATABASE_OWNER_URL = env("DATABASE_OWNER_URL", default="") or GIVEN_DATABASE
REDIS_URL = GIVEN_REDIS or servers.redis_url(SERVERS_HOME)
DATABASES = {"default": database(DATABASE_URL)}
CELERY_BROKER_URL = broker(REDIS_URL)
CACHES = cache(REDIS_URL)

# The sandbox channel, started by kamen/demo.py, which notes here where it listens.
SANDBOX_FILE = LOCAL_DIR / "sandbox-address"
SANDBOX_ADDRESS = env("SANDBOX_ADDRESS", default="") or (SANDBOX_FILE.read_text() if SANDBOX_FILE.exists() else "")
SANDBOX_SECRET = env("SANDBOX_SECRET", default="") or local_secret("sandbox-secret", 32)
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] = [SELF, *filter(None, [SANDBOX_ADDRESS])]
# The demo's supplier, a process of its own beside the mall; its address is where the demo last started it.
SUPPLIER_FILE = LOCAL_DIR / "supplier-address"
SUPPLIER_ADDRESS = env("SUPPLIER_ADDRESS", default="") or (SUPPLIER_FILE.read_text() if SUPPLIER_FILE.exists() else "")
SUPPLIER_SECRET = env("SUPPLIER_SECRET", default="") or local_secret("supplier-secret", 32)
SUPPLIERS = {"sandbox": {"address": SUPPLIER_ADDRESS, "secret": SUPPLIER_SECRET}, **SUPPLIERS}

WEBHOOKS_MAY_BE_PRIVATE = True  # receivers of a demo are on the same machine

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = LOCAL_DIR / "mail"

STATIC_ROOT = LOCAL_DIR / "static"
# Hashed as in production, but not compressed: that takes half a minute, and nobody waits for the network here.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
ANCHORS_DIR = env("KAMEN_ANCHORS_DIR", default="") or LOCAL_DIR / "anchors"
STORAGES["files"] = private_files(env("KAMEN_FILES_DIR", default="") or LOCAL_DIR / "files")
CELERY_BEAT_SCHEDULE_FILENAME = str(LOCAL_DIR / "beat-schedule")

ACCOUNT_EMAIL_VERIFICATION = env("ACCOUNT_EMAIL_VERIFICATION", default="optional")  # the demo has no mail to wait for
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # http://localhost
