"""Probes: whether the process lives, whether it can work, and figures for those who watch. They tell no secrets."""

import contextlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from django_structlog.middlewares import RequestMiddleware
from prometheus_client import Gauge

from desks import house
from timeline import clock, heartbeat
from timeline.models import Timer

PROBES = {"/healthz", "/readyz", "/metrics"}
#: The sweep beats every few seconds; after this silence nobody watches the clocks.
MOST_SILENCE = timedelta(seconds=60)
#: A clock may wait for a sweep or two; what is overdue for longer is stuck behind something.
MOST_OVERDUE = timedelta(minutes=5)
PATIENCE = 1  # seconds for each question

Found = dict[str, Any]

overdue_clocks = Gauge("kamen_clocks_overdue", "Running clocks whose time is over")
oldest_overdue = Gauge("kamen_clock_oldest_overdue_seconds", "How long the oldest of them has been over")
stuck_clocks = Gauge("kamen_clocks_stuck", "Clocks that were given up after too many failures")
house_findings = Gauge("kamen_house_findings", "What is not in order, by question", ["question"])
sweep_silence = Gauge("kamen_sweep_silence_seconds", "Since the sweep was last heard of")


class RequestLog(RequestMiddleware):
    """The log of requests, without the probes that come every few seconds."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path in PROBES:
            return self.get_response(request)
        return super().__call__(request)


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive. Asks nobody else: a restart would not bring the database back."""
    return JsonResponse({"status": "alive"})


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether the mall can work: 200 if everything it needs is there, else 503; both say what was looked at."""
    checks = {"database": _ask(_database), "broker": _ask(_broker)}
    for name, check in (("sweep", _sweep), ("clocks", _clocks)):
        checks[name] = (
            _ask(check) if checks["database"]["ok"] else {"ok": False, "fault": "unknown without the database"}
        )
    is_ready = all(found["ok"] for found in checks.values())
    body = {"status": "ready" if is_ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus; to everybody else this address does not exist."""
    if not may_watch(request):
        raise Http404
    _measure()
    response: HttpResponse = ExportToDjangoView(request)
    return response


def may_watch(request: HttpRequest) -> bool:
    """Whether this is a watcher: it knows the token, or calls directly from an address of METRICS_FROM.

    Behind a proxy everybody seems to come from the proxy's address, so a forwarded request needs the token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    if {"X-Forwarded-For", "Forwarded"} & set(request.headers):
        return False
    try:
        caller = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket has no address
        return False
    return any(caller in ip_network(network) for network in settings.METRICS_FROM)


def _ask(check: Callable[[], Found]) -> Found:
    try:
        return check()
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        return {"ok": False, "fault": type(error).__name__}  # never the text: it may name an address or a user


def _database() -> Found:
    with _quickly() as cursor:
        cursor.execute("select 1")
    return {"ok": True}


def _broker() -> Found:
    asked = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    with asked:
        return {"ok": bool(asked.ping())}


def _sweep() -> Found:
    with _quickly():
        silence = heartbeat.age()
    if silence is None:
        return {"ok": False, "fault": "never heard of"}
    return {"ok": silence <= MOST_SILENCE, "silent_seconds": round(silence.total_seconds())}


def _clocks() -> Found:
    with _quickly():
        overdue, since = _overdue()
    return {"ok": since <= MOST_OVERDUE, "overdue": overdue, "oldest_overdue_seconds": round(since.total_seconds())}


def _overdue() -> tuple[int, timedelta]:
    """How many running clocks are over, and for how long the oldest has been, in the mall's time."""
    at = clock.now()
    found = Timer.objects.filter(state=Timer.State.RUNNING, due_at__lte=at).aggregate(
        many=Count("pk"), oldest=Min("due_at")
    )
    return found["many"], at - found["oldest"] if found["oldest"] else timedelta(0)


def _measure() -> None:
    """Set the figures; without the database they are unknown, and the rest is still shown."""
    figures = [float("nan")] * 4
    try:
        with _quickly():
            overdue, since = _overdue()
            silence = heartbeat.age()
            stuck = Timer.objects.filter(state=Timer.State.STUCK).count()
        unknown = float("nan")
        figures = [overdue, since.total_seconds(), stuck, silence.total_seconds() if silence is not None else unknown]
    except (DatabaseError, InterfaceError):
        pass  # said by the figures themselves: they are no numbers
    _measure_house()
    for gauge, figure in zip((overdue_clocks, oldest_overdue, stuck_clocks, sweep_silence), figures, strict=True):
        gauge.set(figure)


def _measure_house() -> None:
    """One figure for each question of `desks.house`; a question that cannot be asked is no number."""
    for name, (_words, ask) in house.QUESTIONS.items():
        figure = float("nan")
        with contextlib.suppress(DatabaseError, InterfaceError), _quickly():
            figure = float(len(ask(clock.now())))
        house_findings.labels(question=name).set(figure)


class _quickly:  # noqa: N801 - reads as a phrase
    """A transaction in which a question to the database gives up after a second."""

    def __enter__(self) -> Any:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        cursor = connection.cursor()
        cursor.execute(f"set local statement_timeout = '{PATIENCE}s'")
        return cursor

    def __exit__(self, *error: Any) -> None:
        self.transaction.__exit__(*error)
