"""Probes tell whether the process lives and whether the mall can work, and no secrets."""

import contextlib
import socket
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from tests.api.conftest import problem
from tests.queries import recorded
from timeline import heartbeat
from timeline.models import Heartbeat, Timer

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(db):
    """The sweep was just heard of."""
    heartbeat.beat()


def test_the_process_lives_without_asking_anybody(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    with recorded() as seen:
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert seen == []
    assert "no-cache" in response.headers["Cache-Control"]


def test_the_mall_is_ready_when_everything_answers(client, settings, alive):
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/readyz")
    assert response.status_code == 200, response.json()
    checks = response.json()["checks"]
    assert set(checks) == {"database", "broker", "sweep", "clocks"}
    assert all(found["ok"] for found in checks.values())


def test_a_redis_that_is_gone_is_said_without_its_address(client, settings, alive):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and never listening: refused at once
        settings.REDIS_URL = f"redis://:a-password@127.0.0.1:{taken.getsockname()[1]}/0"
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == {"ok": False, "fault": "ConnectionError"}
    assert response.json()["checks"]["database"]["ok"]
    assert b"a-password" not in response.content


def test_a_redis_that_hangs_is_given_a_second(client, settings, alive):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        response = client.get("/readyz")
    assert time.monotonic() - began < 3
    assert response.json()["checks"]["broker"] == {"ok": False, "fault": "TimeoutError"}


def test_a_sweep_that_fell_silent_is_noticed(client, alive):
    Heartbeat.objects.update(at=F("at") - timedelta(minutes=10))
    response = client.get("/readyz")
    assert response.status_code == 503
    found = response.json()["checks"]["sweep"]
    assert (found["ok"], found["silent_seconds"]) == (False, 600)


def test_a_sweep_that_was_never_heard_of_is_noticed(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()["checks"]["sweep"]["ok"]) == (503, False)


@pytest.mark.breaks_books
def test_a_clock_that_nobody_fires_is_noticed(client, alive, short_deposit, at):
    Timer.objects.update(due_at=at - timedelta(hours=1), started_at=at - timedelta(hours=2))
    response = client.get("/readyz")
    assert response.status_code == 503
    found = response.json()["checks"]["clocks"]
    assert (found["ok"], found["overdue"]) == (False, 1)
    assert found["oldest_overdue_seconds"] >= 3600


def test_a_clock_that_runs_is_no_reason_to_worry(client, alive, short_deposit):
    assert client.get("/readyz").json()["checks"]["clocks"] == {"ok": True, "overdue": 0, "oldest_overdue_seconds": 0}


@pytest.mark.django_db(transaction=True)
def test_without_its_database_the_mall_lives_but_is_not_ready(anybody, as_seller, nowhere):
    with nowhere():
        assert anybody.get("/healthz").status_code == 200
        response = anybody.get("/readyz")
        figures = anybody.get("/metrics").content.decode()
        no_list = anybody.get("/api/v1/shops/")
        no_session = as_seller.get("/api/v1/me/")
        no_page = as_seller.get("/")
    checks = response.json()["checks"]
    assert response.status_code == 503
    assert checks["database"] == {"ok": False, "fault": "OperationalError"}
    assert not checks["sweep"]["ok"]
    assert checks["broker"]["ok"]
    assert "kamen_clocks_overdue NaN" in figures
    problem(no_list, 503, "try_again")
    problem(no_session, 503, "try_again")
    assert (no_page.status_code, no_page.headers["Retry-After"]) == (503, "2")
    for answer in (response, no_list, no_session, no_page):
        assert b"nowhere" not in answer.content
    assert anybody.get("/api/v1/shops/").status_code == 200


@pytest.fixture
def nowhere(monkeypatch):
    """Takes the database away: connections end, and new ones find nobody."""

    @contextlib.contextmanager
    def away():
        with monkeypatch.context() as moved:
            connection.close()
            moved.setitem(connection.settings_dict, "HOST", "/nowhere")
            yield
        connection.close()

    return away


def test_figures_are_for_watchers_only(client, settings, alive):
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **stranger).status_code == 404
    # Through a proxy on this machine everybody seems to come from here.
    assert client.get("/metrics", HTTP_X_FORWARDED_FOR="203.0.113.9").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ", **stranger).status_code == 404
    settings.METRICS_TOKEN = "let-me-in"
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer let-me-in", **stranger).status_code == 200
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer let-me-out", **stranger).status_code == 404


@pytest.mark.breaks_books
def test_figures_count_the_clocks(client, alive, short_deposit, at):
    Timer.objects.update(due_at=at - timedelta(hours=1), started_at=at - timedelta(hours=2))
    text = client.get("/metrics").content.decode()
    assert "kamen_clocks_overdue 1.0" in text
    assert "kamen_clocks_stuck 0.0" in text
    assert "kamen_sweep_silence_seconds 0." in text


def test_probes_are_not_in_the_log_of_requests(client, caplog, alive):
    with caplog.at_level("INFO"):
        for path in ("/healthz", "/readyz", "/metrics"):
            client.get(path)
        assert "request_finished" not in caplog.text
        client.get("/api/v1/shops/")
        assert "request_finished" in caplog.text
