"""Production: everything from the environment; a missing secret stops the start."""

from .base import *  # noqa: F403
from .base import broker, cache, database, env

PRODUCTION = True
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
# Without these two the mall opens, but its vault does not: no code is added or shown.
VAULT_KEY = env("VAULT_KEY", default="")  # seals the keys that seal the codes
VAULT_PEPPER = env("VAULT_PEPPER", default="")  # finds the same code again without opening it
ANCHOR_KEY = env("ANCHOR_KEY")  # signs the daily anchor of all chains
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
PUBLIC_ADDRESS = env("PUBLIC_ADDRESS")
CSRF_TRUSTED_ORIGINS = [PUBLIC_ADDRESS]

DATABASE_URL = env("DATABASE_URL")
DATABASE_OWNER_URL = env("DATABASE_OWNER_URL", default="")  # only the migrate job has it
REDIS_URL = env("REDIS_URL")
DATABASES = {"default": database(DATABASE_URL)}
CELERY_BROKER_URL = broker(REDIS_URL)
CACHES = cache(REDIS_URL)

# Beat notes when it last called; losing the note costs nothing.
CELERY_BEAT_SCHEDULE_FILENAME = env("BEAT_SCHEDULE_FILE", default="/tmp/beat-schedule")  # noqa: S108

SANDBOX_ADDRESS = SANDBOX_SECRET = ""  # no play money where there is real money

EMAIL_CONFIG = env.email_url("EMAIL_URL")
vars().update(EMAIL_CONFIG)

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
# Health checks ask from inside, without the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
