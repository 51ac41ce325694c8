"""What is true everywhere. Secrets, servers and switches come from the environment (see .env.example)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from kamen import logs

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

# The mall

PRODUCTION = False  # looks around before it starts (kamen/startup.py)
DEMO = False  # the demo panel, demo logins and the movable clock
REVEAL_ASKS_AGAIN_FROM = env.int("REVEAL_ASKS_AGAIN_FROM", default=20_000)  # fen: a dearer code asks who is looking
GAME_ACCOUNTS_ON_SALE = env.bool("GAME_ACCOUNTS_ON_SALE", default=False)  # off: a legal risk
PUBLIC_ADDRESS = env("PUBLIC_ADDRESS", default="http://127.0.0.1:8000")  # how the mall is reached, for links in mail

# Rooms

ROOMS = [
    "timeline",
    "accounts",
    "ledger",
    "rulebook",
    "shops",
    "orders",
    "refunds",
    "disputes",
    "complaints",
    "support",
    "reputation",
    "notifications",
    "privacy",
    "desks",
]

INSTALLED_APPS = [
    "kamen",
    *ROOMS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kamen.compression.Pages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kamen.health.RequestLog",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.Sessions",
    "accounts.middleware.Language",
    "accounts.middleware.SecondFactor",
    "accounts.middleware.CacheOutage",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "kamen.problems.OnPages",
    "shops.middleware.FirstWhatIsOverdue",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "kamen.urls"
WSGI_APPLICATION = "kamen.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]


# Servers


def database(url: str) -> dict[str, Any]:
    """A PostgreSQL at `url`, with limits that keep one stuck session from stopping the mall."""
    found = env.db_url_config(url)
    found["HOST"] = unquote(found["HOST"])  # a socket's directory is spelled %2Ftmp%2F…
    found["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    found["CONN_HEALTH_CHECKS"] = True
    found["OPTIONS"] = {
        "options": "-c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=15s",
        "connect_timeout": 5,
    }
    return found


def broker(url: str) -> str:
    """Celery's spelling of a Redis address."""
    return url.replace("unix://", "redis+socket://", 1)


def cache(url: str) -> dict[str, Any]:
    """The cache of a Redis at `url`: counts attempts at signing in, and fails fast when Redis is away."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "KEY_PREFIX": "kamen",
            "OPTIONS": {"socket_timeout": 2},
        }
    }


CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis hands out again what is not finished by then: longer than the longest task may take, or it would run twice.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 7 * 3600, "socket_timeout": 5, "socket_connect_timeout": 5}
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# No clock waits for mail or for somebody outside, and neither waits for what goes through half the mall. A worker that
# is not told which queues are its own takes all of them.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("clocks", "celery", "long")]
CELERY_TASK_ROUTES: dict[str, dict[str, str]] = {
    "timeline.sweep": {"queue": "clocks"},
    "timeline.remind": {"queue": "clocks"},
    "disputes.make_bundles": {"queue": "long"},
    "disputes.record_precedents": {"queue": "long"},
    "disputes.seal_what_was_served": {"queue": "long"},
    "kamen.check_recent_books": {"queue": "long"},
    "kamen.check_whole_books": {"queue": "long"},
    "ledger.anchor": {"queue": "long"},
    "ledger.reconcile": {"queue": "long"},
    "orders.forget_guesses": {"queue": "long"},
    "privacy.make_copies": {"queue": "long"},
    "privacy.retain": {"queue": "long"},
    "refunds.weigh_outages": {"queue": "long"},
    "refunds.write_credit_notes": {"queue": "long"},
    "reputation.ask_upstream": {"queue": "long"},
    "reputation.count": {"queue": "long"},
    "reputation.level": {"queue": "long"},
    "reputation.size_deposits": {"queue": "long"},
    "reputation.watch_batches": {"queue": "long"},
    "rulebook.replay": {"queue": "long"},
    "shops.read_intakes": {"queue": "long"},
    "shops.remind_of_licences": {"queue": "long"},
    "shops.sweep_expired": {"queue": "long"},
    "timeline.forget_old_answers": {"queue": "long"},
    "timeline.recompute": {"queue": "long"},
}
# A sweep that nobody takes in time is worth nothing: the next one finds the same clocks, and no backlog piles up.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "fire the clocks that are due": {"task": "timeline.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "remind of clocks": {"task": "timeline.remind", "schedule": 10.0, "options": {"expires": 30}},
    "count with new holiday notices": {
        "task": "timeline.recompute",
        "schedule": crontab(minute=7),  # a beat that is new every day must get to it too
        "options": {"expires": 3600},
    },
    "call the machines of shops": {"task": "notifications.send_calls", "schedule": 2.0, "options": {"expires": 10}},
    "send mail": {"task": "notifications.send_mail", "schedule": 5.0, "options": {"expires": 15}},
    "forget old answers": {"task": "timeline.forget_old_answers", "schedule": 3600.0, "options": {"expires": 600}},
    "tell people what happened": {"task": "notifications.catch_up", "schedule": 3.0, "options": {"expires": 10}},
    "replay cases under a draft of the rules": {
        "task": "rulebook.replay",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "put evidence bundles together": {
        "task": "disputes.make_bundles",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "weigh outages against late orders": {
        "task": "refunds.weigh_outages",
        "schedule": 10.0,
        "options": {"expires": 30},
    },
    "pay what is owed to buyers": {"task": "disputes.collect_owed", "schedule": 30.0, "options": {"expires": 30}},
    "make precedents of rulings": {
        "task": "disputes.record_precedents",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "look for somebody from outside": {
        "task": "disputes.look_for_neutrals",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "hand on the cases of who left": {"task": "disputes.hand_on", "schedule": 60.0, "options": {"expires": 60}},
    "say outside what is due": {"task": "complaints.send", "schedule": 3.0, "options": {"expires": 10}},
    "ask the outside what is new": {"task": "complaints.ask", "schedule": 60.0, "options": {"expires": 60}},
    "seal what was served": {
        "task": "disputes.seal_what_was_served",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "collect what is owed": {"task": "ledger.collect_debts", "schedule": 30.0, "options": {"expires": 30}},
    "write credit notes": {"task": "refunds.write_credit_notes", "schedule": 60.0, "options": {"expires": 60}},
    "write credit notes that were missed": {
        "task": "refunds.write_credit_notes",
        "schedule": crontab(hour=18, minute=50),  # 02:50 in Shanghai
        "kwargs": {"days": 90},
    },
    "send payouts": {"task": "ledger.run_payouts", "schedule": 3.0, "options": {"expires": 10}},
    "ask suppliers about what they deliver": {
        "task": "orders.run_errands",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "forget guessed codes": {"task": "orders.forget_guesses", "schedule": 3600.0, "options": {"expires": 600}},
    "weigh deposits that were drawn on": {"task": "shops.weigh_deposits", "schedule": 10.0, "options": {"expires": 30}},
    "count what happened": {"task": "reputation.count", "schedule": 15.0, "options": {"expires": 30}},
    "watch batches": {"task": "reputation.watch_batches", "schedule": 10.0, "options": {"expires": 20}},
    "ask about codes under recall": {
        "task": "reputation.ask_upstream",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "make copies for people": {"task": "privacy.make_copies", "schedule": 5.0, "options": {"expires": 10}},
    "destroy what has had its time": {
        "task": "privacy.retain",
        "schedule": crontab(hour=19, minute=40),  # 03:40 in Shanghai
        "options": {"expires": 3600},
    },
    "level and weigh": {
        "task": "reputation.level",
        "schedule": crontab(hour=18, minute=40),  # 02:40 in Shanghai
        "options": {"expires": 3600},
    },
    "size deposits": {
        "task": "reputation.size_deposits",
        "schedule": crontab(hour=18, minute=45),  # 02:45 in Shanghai
        "options": {"expires": 3600},
    },
    "remind of licences": {
        "task": "shops.remind_of_licences",
        "schedule": crontab(hour=1, minute=0),  # 09:00 in Shanghai
        "options": {"expires": 3600},
    },
    "read what shops sent in": {"task": "shops.read_intakes", "schedule": 2.0, "options": {"expires": 10}},
    "take expired codes off the shelf": {"task": "shops.sweep_expired", "schedule": 300.0, "options": {"expires": 300}},
    "compare with the channels": {
        "task": "ledger.reconcile",
        "schedule": crontab(minute=20, hour="17-23"),  # from 01:20 in Shanghai on, until yesterday is there
        "options": {"expires": 600},
    },
    "ask about silent charges": {"task": "ledger.ask_about_the_silent", "schedule": 30.0, "options": {"expires": 60}},
    "look at the books where money moved": {
        "task": "kamen.check_recent_books",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "look at the whole books": {
        "task": "kamen.check_whole_books",
        "schedule": crontab(hour=19, minute=10),  # 03:10 in Shanghai
        "options": {"expires": 3600},
    },
    "anchor the day": {"task": "ledger.anchor", "schedule": 600.0, "options": {"expires": 600}},
}
CELERY_BEAT_SYNC_EVERY = 1  # beat writes its schedule at every tick, so that its file shows that it lives

# Suppliers that the mall asks by HTTP, by name: {"name": {"address": "https://…", "secret": "…"}}. One without an
# address or a secret is as good as none.

SUPPLIERS = env.json("SUPPLIERS", default={})

# Payment channels: the sandbox is a small process beside the demo; without address and secret there is no such channel.

SANDBOX_ADDRESS = env("SANDBOX_ADDRESS", default="")
SANDBOX_SECRET = env("SANDBOX_SECRET", default="")

# What a shop may withdraw within 24 hours without a second person of finance, in fen.

WITHDRAWAL_FOUR_EYES_ABOVE = env.int("WITHDRAWAL_FOUR_EYES_ABOVE", default=5_000_000)

# The daily anchor of all chains (ledger/anchors.py): where its files go, and other keys of ours that signed before.

ANCHORS_DIR = env("KAMEN_ANCHORS_DIR", default="") or "/var/lib/kamen/anchors"
ANCHOR_PUBLIC_KEYS = env.list("ANCHOR_PUBLIC_KEYS", default=[])

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "nickname")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Signing in: by e-mail, never telling who has an account

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "accounts.adapters.display_name"
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignUp"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place once it is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Kamen 卡门] "
ACCOUNT_SESSION_REMEMBER = True  # SESSION_COOKIE_AGE for everybody; staff: accounts/sessions.py
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Many addresses guessing at one account are stopped here; one address guessing is stopped by axes below.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,30/h/key"}
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Kamen"
MFA_TOTP_TOLERANCE = 1  # clocks of phones differ; accounts/forms.py takes each code once all the same
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactor",
    "reauthenticate": "accounts.forms.SecondFactorAgain",
}

# How many proxies of ours stand in front; none: X-Forwarded-For is anybody's word and not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# Guessing: five wrong passwords for one account from one address lock that pair for a quarter of an hour. Counted in
# the database, so that neither a restart nor a lost Redis forgets it.
AXES_CLIENT_IP_CALLABLE = "accounts.adapters.client_address"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "code", "credential", "csrfmiddlewaretoken"]
AXES_VERBOSE = False

# Language and time

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]


def private_files(directory: Path | str) -> dict[str, Any]:
    """A storage of files that have no address: written once, read by the mall's own process only."""
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(directory), "file_permissions_mode": 0o400, "directory_permissions_mode": 0o700},
    }


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What people give for an order (orders/attachments.py): with the database the one thing to back up.
    "files": private_files(env("KAMEN_FILES_DIR", default="") or "/var/lib/kamen/files"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = [
    "orders.uploads.Capped",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Headers

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # A form that starts a payment is answered with a redirect to the channel's pay page.
        "form-action": [SELF, *filter(None, [SANDBOX_ADDRESS])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600

# Official addresses: where the mall is found, told on a public page; without any, the name in PUBLIC_ADDRESS

OFFICIAL_DOMAINS = env.list("OFFICIAL_DOMAINS", default=[])

# Webhooks: only a demo may call addresses inside

WEBHOOKS_MAY_BE_PRIVATE = False

# Mail

DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Kamen <no-reply@kamen.invalid>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Logs: one line per request, no addresses of people

LOGGING = logs.configuration(env("LOG_FORMAT", default="line"), level=env("LOG_LEVEL", default="INFO").upper())
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logs.REQUEST_STARTED
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["kamen.problems.SignedIn"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kamen.bodies.PlainJson"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "kamen.problems.in_the_api",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kamen 卡门",
    "VERSION": "1",
    "DESCRIPTION": "The API of the mall: the same verbs as on the pages. How to use it: docs/api.md.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_NAME_OVERRIDES": {
        "DepositState": "shops.states.DepositState",
        "ListingState": "shops.states.ListingState",
        "Kind": "shops.models.Kind",
        "ShopLevel": "shops.models.Shop.Level",
        "PaperKind": "shops.models.Licence.Kind",
        "PaperState": "shops.states.LicenceState",
        "GuardianPaper": "refunds.papers.Proof.What",
        "ContestState": "refunds.states.ContestState",
        "ContestGround": "refunds.papers.Contest.Ground",
        "ContestRecourse": "refunds.papers.Contest.Recourse",
        "ApplicationState": "shops.states.ApplicationState",
        "ShopStep": "shops.models.Sanction.Step",
        "ShopStepState": "shops.states.SanctionState",
        "Party": "shops.models.Party",
        "Section": "shops.models.Section",
        "Area": "shops.models.Area",
        "MembershipLevel": "accounts.models.Level",
        "StaffRole": "accounts.models.Role",
        "TransferReason": "ledger.models.Transfer.Reason",
        "PaymentState": "ledger.states.PaymentState",
        "PayoutState": "ledger.states.PayoutState",
        "PayoutDestination": "ledger.models.Payout.Destination",
        "RefundRoute": "refunds.models.Refund.Route",
        "BrakeState": "ledger.states.BrakeState",
        "BooksCheckScope": "ledger.models.BooksCheck.Scope",
        "OrderState": "orders.states.OrderState",
        "RefundState": "refunds.states.RefundState",
        "OfferKind": "refunds.models.Offer.Kind",
        "OfferSide": "refunds.models.Offer.Side",
        "OfferFate": "refunds.models.Offer.Fate",
        "QuestionItem": "refunds.models.Question.Item",
        "RefundPreference": "refunds.models.Refund.Preference",
        "DisputeState": "disputes.states.DisputeState",
        "AppealState": "disputes.states.AppealState",
        "AppealGround": "disputes.models.Appeal.Ground",
        "ChallengeGround": "disputes.models.Challenge.Ground",
        "DismissalGround": "disputes.models.Ruling.Dismissed",
        "PenaltyGround": "disputes.models.Penalty.Ground",
        "AskedKind": "disputes.models.Question.Kind",
        "AskedWhom": "disputes.models.Question.Whom",
        "TalkState": "support.states.TalkState",
        "ComplaintState": "complaints.states.ComplaintState",
        "ComplaintSource": "complaints.models.Source",
        "ComplaintWordKind": "complaints.models.Word.Kind",
        "ComplaintOutcome": "complaints.models.Word.Outcome",
        "NoticeMailing": "notifications.models.Mailing",
        "UnitDelivery": "orders.states.Delivery",
        "FactGrade": "orders.states.Grade",
        "Side": "orders.parties.Side",
        "OrderPaidBy": "orders.models.Order.PaidBy",
        "OutageScope": "timeline.models.Outage.Scope",
        "MeasureGround": "reputation.models.Measure.Ground",
        "MeasureStep": "reputation.models.Measure.Step",
        "AlarmState": "reputation.states.AlarmState",
        "BatchAnswerState": "reputation.states.BatchAnswerState",
        "ContributionState": "ledger.states.ContributionState",
        "ContributionPurse": "ledger.contributed.Contribution.Purse",
        "HolderChoice": "reputation.models.AlarmUnit.Fate",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kamen.contract.describe_what_all_share",
    ],
}

# Probes

SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # without one only METRICS_FROM may read /metrics
METRICS_FROM = env.list("METRICS_FROM", default=["127.0.0.0/8", "::1/128"])
