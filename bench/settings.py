"""Settings of the benchmarks: the mall on servers of their own, and the owner's connection for what only it may do."""

import os

os.environ.setdefault("KAMEN_TEST_HOME", os.environ.get("KAMEN_BENCH_HOME", "/tmp/kamen-bench-files"))  # noqa: S108

from kamen.settings.test import *  # noqa: F403
from kamen.settings.test import DATABASE_OWNER_URL, DATABASE_URL, database

DATABASES = {"default": database(DATABASE_URL), "owner": database(DATABASE_OWNER_URL)}
DATABASES["owner"]["OPTIONS"]["options"] = "-c lock_timeout=60s -c statement_timeout=0"
LOGGING_CONFIG = None  # a failing verb is counted, not told
CELERY_IMPORTS = ["bench.tasks"]
