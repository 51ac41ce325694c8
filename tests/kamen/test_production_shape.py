"""The production shape without a Docker engine: each service's very command, production settings, real servers."""

import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml
from django.conf import settings

from kamen.servers import Servers, redis_url
from kamen.settings.base import database
from tests.database import as_owner_of, roles_are_separate

ROOT = settings.BASE_DIR
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKERS = ["clocks", "worker", "long"]
PROCESSES = ["web", *WORKERS, "beat"]
# This process's own, so that several may run these tests at once.
SHAPE = f"kamen_shape_{os.getpid()}"
DEMO, APPLICATION, READER = f"{SHAPE}_demo", f"{SHAPE}_app", f"{SHAPE}_reader"
SECRETS = {
    "SECRET_KEY": "k3Vd-0qLr8sYwTz_5mNcXb7hJf2gPa9eUi4oRt6yQw1SxDvFZ",
    "ANCHOR_KEY": "p4UeJ0v9mQy2Lr7sXw1ZbTn5cDgHk8aF3iVoR6tYqBM",
    "DATABASE_PASSWORD": "not-needed-on-a-socket",
    "DATABASE_OWNER_PASSWORD": "not-needed-on-a-socket",
    "REDIS_PASSWORD": "not-needed-on-a-socket",
    "PUBLIC_ADDRESS": "https://mall.example",
    "ALLOWED_HOSTS": "mall.example",
    "EMAIL_URL": "consolemail://",
}


# What the files say


def test_every_process_of_the_mall_is_a_service_that_waits_for_what_it_needs():
    assert set(SERVICES) == {"postgres", "redis", "migrate", *PROCESSES}
    for name in PROCESSES:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert SERVICES[name]["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert SERVICES[name]["depends_on"]["redis"]["condition"] == "service_healthy"


@pytest.mark.parametrize("name", ["postgres", "redis", *PROCESSES])
def test_every_service_that_stays_says_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_each_queue_has_one_worker_and_each_routed_task_is_one_that_beat_calls():
    taken = [queue for name in WORKERS for queue in option(SERVICES[name]["command"], "--queues").split(",")]
    assert sorted(taken) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= set(taken)
    assert set(settings.CELERY_TASK_ROUTES) <= {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}


def option(command: list[str], name: str) -> str:
    """What stands behind the option."""
    return command[command.index(name) + 1]


def test_only_the_migrate_job_knows_the_owner_of_the_database():
    for name in PROCESSES:
        assert "DATABASE_OWNER_URL" not in SERVICES[name]["environment"]
    assert urlsplit(filled(SERVICES["migrate"]["environment"]["DATABASE_OWNER_URL"])).username == "kamen_owner"
    assert urlsplit(filled(SERVICES["web"]["environment"]["DATABASE_URL"])).username == "kamen_app"


def test_the_image_runs_as_somebody_who_owns_nothing():
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert users == ["10001:10001"]
    assert "--chown" not in last_stage
    for name in ["migrate", *PROCESSES]:
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "user" not in SERVICES[name]


def test_no_secret_has_a_default_and_each_is_in_the_example():
    example = (ROOT / ".env.example").read_text()
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ["SECRET_KEY", "DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "REDIS_PASSWORD"]:
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


def test_every_variable_that_is_read_is_in_the_example():
    example = (ROOT / ".env.example").read_text()
    files = [*(ROOT / "kamen/settings").glob("*.py"), ROOT / "kamen/gunicorn.py"]
    read = {
        name
        for file in files
        for name in re.findall(r"""(?:env(?:\.\w+)?\(|environ\.get\()\s*"([A-Z_]+)\"""", file.read_text())
    } - {"PYTEST_XDIST_WORKER", "FORWARDED_ALLOW_IPS"}
    read |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())) - {"KAMEN_VERSION"}
    assert {name for name in read if not re.search(rf"^#?{name}=", example, re.MULTILINE)} == set()


def test_whoever_reads_or_writes_the_files_of_people_has_their_volume():
    places = {name: {where.partition(":")[2] for where in SERVICES[name].get("volumes", [])} for name in PROCESSES}
    for name in WORKERS:
        assert "/var/lib/kamen/files" in places["web"] & places[name]
        assert "/var/lib/kamen/anchors" in places[name]
    assert not places["beat"]
    for place in places["web"] | places["worker"]:
        assert place in DOCKERFILE, f"{place} would belong to root"


def test_whatever_may_be_set_reaches_every_process_of_the_mall():
    read = {
        name
        for file in ["base.py", "production.py"]
        for name in re.findall(r"""env(?:\.\w+)?\(\s*"([A-Z_]+)\"""", (ROOT / "kamen/settings" / file).read_text())
    }
    # The image says where things are; there is neither play money nor debugging; only one job has the owner.
    elsewhere = {"KAMEN_FILES_DIR", "KAMEN_ANCHORS_DIR", "BEAT_SCHEDULE_FILE", "SANDBOX_ADDRESS", "SANDBOX_SECRET"}
    elsewhere |= {"DEBUG", "DATABASE_OWNER_URL"}
    for name in PROCESSES:
        lacking = read - elsewhere - set(SERVICES[name]["environment"])
        assert lacking == set(), f"{name} is never told of {lacking}"


def test_collecting_files_needs_no_secret_and_no_database():
    line = re.search(r"^RUN (DJANGO_SETTINGS_MODULE=.*collectstatic.*?)\s*\\?$", DOCKERFILE, re.MULTILINE)
    assert line
    words = shlex.split(line[1].replace("/opt/venv/bin/python", sys.executable))
    given = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    command = [word for word in words if not re.match(r"[A-Z_]+=", word)] + ["--dry-run"]
    done = subprocess.run(command, cwd=ROOT, env=bare() | given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# What the commands do


class House:
    """A production database and a Redis on this machine, and the processes that run on them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.redis = Servers(home, durable=False, parts={"redis"})
        self.port = free_port()
        self.processes: list[subprocess.Popen[str]] = []

    def environment(self, service: str, **changes: str | None) -> dict[str, str]:
        """What the compose file gives the service, on this machine's servers."""
        told = SERVICES[service]["environment"]
        found = {name: filled(str(value)) for name, value in told.items() if value is not None}
        found["DATABASE_URL"] = address(settings.DATABASE_URL, SHAPE, user=APPLICATION)
        found["REDIS_URL"] = redis_url(self.home)
        if "DATABASE_OWNER_URL" in found:
            found["DATABASE_OWNER_URL"] = address(settings.DATABASE_OWNER_URL, SHAPE)
            found["DATABASE_READER_ROLE"] = READER
        found |= {"PORT": str(self.port), "BIND": f"127.0.0.1:{self.port}", "HOSTNAME": socket.gethostname()}
        found["BEAT_SCHEDULE_FILE"] = str(self.home / "beat-schedule")
        for name, value in changes.items():
            found.pop(name, None)
            if value is not None:
                found[name] = value
        return bare() | found

    def run(self, service: str, **changes: str | None) -> subprocess.Popen[str]:
        """Start the service's command as the compose file writes it."""
        process = subprocess.Popen(
            [filled(word) for word in SERVICES[service]["command"]],
            cwd=ROOT,
            env=self.environment(service, **changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def is_well(self, service: str) -> subprocess.CompletedProcess[str]:
        """Ask with the service's very health check."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        words = [filled(word) for word in words]
        command = ["/bin/sh", "-c", words[0]] if kind == "CMD-SHELL" else words
        return subprocess.run(command, cwd=ROOT, env=self.environment(service), capture_output=True, text=True)

    def close(self) -> None:
        """End what is left."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.redis.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Prepared by the migrate job; beside it lies a copy of its database in which the demo once was."""
    if not roles_are_separate():
        pytest.skip("the owner and the mall are one role here")
    made = House(tmp_path_factory.mktemp("shape"))
    with administration() as cursor:
        cursor.execute(f"create database {SHAPE}")
    try:
        made.redis.start()
        job = made.run("migrate")
        said = job.communicate(timeout=300)[0]  # all migrations: a minute of processor time
        assert job.returncode == 0, said
        with administration() as cursor:
            cursor.execute(f"create database {DEMO} template {SHAPE}")
        yield made
    finally:
        made.close()
        with administration() as cursor:
            for name in (SHAPE, DEMO):
                cursor.execute(f"drop database if exists {name} with (force)")
            for name in (APPLICATION, READER):
                cursor.execute(f"drop role if exists {name}")


@pytest.mark.servers
def test_the_migrate_job_makes_the_roles_and_may_run_again(house):
    assert house.run("migrate").wait(timeout=120) == 0
    with as_owner_of(SHAPE) as cursor:
        cursor.execute(
            f"select has_table_privilege('{APPLICATION}', 'timeline_event', 'insert'),"
            f" has_table_privilege('{APPLICATION}', 'timeline_event', 'delete'),"
            f" has_table_privilege('{READER}', 'reading.timeline_event', 'select'),"
            f" has_table_privilege('{READER}', 'reading.timeline_event', 'insert'),"
            f" has_table_privilege('{READER}', 'public.accounts_user', 'select')"
        )
        assert cursor.fetchone() == (True, False, True, False, False)


@pytest.mark.servers
def test_web_workers_and_beat_become_well_and_end_when_asked(house):
    running = {name: house.run(name) for name in PROCESSES}
    for name in PROCESSES:
        eventually_well(house, name, running[name])
    eventually_ready(house)
    for process in running.values():
        process.terminate()
    for name, process in running.items():
        said = process.communicate(timeout=40)[0]
        assert process.returncode == 0, f"{name}: {said}"
        assert "Traceback" not in said, said
        # Without a key of the vault everything but the vault opens, and says so.
        assert "Kamen starts with its vault closed" in said, said


@pytest.mark.servers
@pytest.mark.parametrize("name", ["VAULT_KEY", "VAULT_PEPPER"])
def test_a_key_of_the_vault_that_could_be_guessed_is_refused(house, name):
    keys = {"VAULT_KEY": secrets.token_urlsafe(32), "VAULT_PEPPER": secrets.token_urlsafe(32)}
    refuses(house, ["web"], keys | {name: "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2RlZjA"}, "is weak")


@pytest.mark.servers
@pytest.mark.parametrize(
    ("changes", "sentence"), [({"DEBUG": "True"}, "DEBUG is on"), ({"SECRET_KEY": None}, "SECRET_KEY")]
)
def test_nothing_starts_with_debug_or_without_a_secret(house, changes, sentence):
    refuses(house, PROCESSES, changes, sentence)


@pytest.mark.servers
@pytest.mark.parametrize("secret", ["", "change-me-change-me-change-me-change-me-change-me"])
def test_a_secret_that_is_none_is_refused(house, secret):
    refuses(house, ["web"], {"SECRET_KEY": secret}, "SECRET_KEY is weak")


@pytest.mark.servers
def test_nothing_starts_on_a_database_with_demo_logins(house):
    demo = address(settings.DATABASE_OWNER_URL, DEMO)
    environment = house.environment("web", DJANGO_SETTINGS_MODULE="kamen.settings.local", DATABASE_URL=demo)
    environment |= {"DATABASE_OWNER_URL": demo, "KAMEN_LOCAL_DIR": str(house.home / "local")}
    command = [sys.executable, "manage.py", "seed_demo"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    url = address(settings.DATABASE_URL, DEMO, user=APPLICATION)
    refuses(house, PROCESSES, {"DATABASE_URL": url}, "demo logins")
    with as_owner_of(DEMO) as cursor:
        cursor.execute("insert into timeline_clockoffset (id, ahead) values (1, '2 days')")
    refuses(house, ["web"], {"DATABASE_URL": url}, "moved by the demo panel")


@pytest.mark.servers
def test_the_web_does_not_start_as_the_owner_nor_without_a_prepared_database(house):
    owner = address(settings.DATABASE_OWNER_URL, SHAPE)
    refuses(house, ["web"], {"DATABASE_URL": owner}, "is the owner")
    empty = address(settings.DATABASE_URL, database(settings.DATABASE_URL)["NAME"] + "_nowhere")
    refuses(house, ["web"], {"DATABASE_URL": empty}, "The database does not answer")


def refuses(house: House, services: list[str], changes: dict[str, Any], sentence: str) -> None:
    """Each of the services ends by itself, unhappily, with one sentence that says why."""
    started = {name: house.run(name, **changes) for name in services}
    for name, process in started.items():
        said = process.communicate(timeout=60)[0]
        assert process.returncode not in {0, None}, f"{name} started: {said}"
        assert "Traceback" not in said, said
        assert sentence in said, f"{name}: {said}"
        assert said.count("Kamen does not start:") == 1, said


def eventually_well(house: House, service: str, process: subprocess.Popen[str], seconds: float = 60) -> None:
    """Ask until it is well; a process that ended never will be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"{service} ended: {process.communicate()[0]}"
        asked = house.is_well(service)
        if asked.returncode == 0:
            return
        time.sleep(0.5)
    pytest.fail(f"{service} did not become well: {asked.stdout}{asked.stderr}")


def eventually_ready(house: House, seconds: float = 30) -> None:
    """Beat calls, the worker sweeps, and the web knows."""
    end = time.monotonic() + seconds
    command = [sys.executable, "-m", "kamen.probe", "/readyz"]
    while time.monotonic() < end:
        asked = subprocess.run(command, cwd=ROOT, env=house.environment("web"), capture_output=True, text=True)
        if asked.returncode == 0:
            return
        time.sleep(0.5)
    pytest.fail(f"The mall did not get ready: {asked.stderr}")


def filled(text: str) -> str:
    """What compose makes of a value: variables filled in, doubled dollars made single."""

    def fill(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        return SECRETS.get(found["name"]) or found["default"] or ""

    pattern = r"(?P<dollar>\$\$)|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}"
    return re.sub(pattern, fill, text)


def address(url: str, name: str, *, user: str = "") -> str:
    """The address of another database of the same server, as the same or another role."""
    parts = urlsplit(url)
    at = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:pw@{at}" if user else parts.netloc, path=f"/{name}"))


def administration() -> Any:
    """A cursor of the owner where databases are made."""
    return as_owner_of(database(settings.DATABASE_OWNER_URL)["NAME"], autocommit=True)


def bare() -> dict[str, str]:
    """An environment that knows nothing but where programs are."""
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
