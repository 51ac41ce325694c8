"""How gunicorn serves the web process: threads and a clean goodbye. Numbers come from the environment."""

import os
from pathlib import Path
from typing import Any

from kamen import logs, startup

wsgi_app = "kamen.wsgi"
bind = os.environ.get("BIND") or f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 30  # a request that takes longer is stuck: statements end after 10 s
graceful_timeout = 20
keepalive = 5
max_requests, max_requests_jitter = 20_000, 2_000
# A worker says that it lives by touching a file; in memory, so that a slow disk does not look like death.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
proc_name = "kamen-web"
# Only the health check and the proxy reach this port; the proxy's word on the scheme is taken by Django's settings.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
logconfig_dict = logs.configuration(
    os.environ.get("LOG_FORMAT") or "line", level=(os.environ.get("LOG_LEVEL") or "INFO").upper()
)


def on_starting(_arbiter: Any) -> None:
    """Look around once, before any worker is made."""
    startup.settings_module()
    startup.read_settings()
    import django

    django.setup()
    startup.check_or_exit()
