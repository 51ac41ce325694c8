"""Where a benchmark lives: PostgreSQL and Redis of its own, durable as in production (fsync on)."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from kamen import servers
from kamen.servers import Servers

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def open_house(home: Path | None) -> Iterator[None]:
    """Start servers at `home` (kept) or in a new directory (thrown away) and point the environment at them."""
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        yield from _open(home)
        return
    # Not in memory: the figures stand for what a disk has confirmed.
    base = ROOT / ".local"
    base.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=base, ignore_cleanup_errors=True) as fresh:
        yield from _open(Path(fresh), forget=True)


def _open(home: Path, *, forget: bool = False) -> Iterator[None]:
    with Servers(home) as found:
        owner = servers.database_url(home, servers.OWNER)
        os.environ.update(
            KAMEN_BENCH_HOME=str(home),
            DATABASE_URL=servers.database_url(home, servers.APPLICATION),
            DATABASE_OWNER_URL=owner,
            REDIS_URL=servers.redis_url(home),
            BENCH_HORDAK_URL=urlunsplit(urlsplit(owner)._replace(path="/hordak")),
            DJANGO_SETTINGS_MODULE="bench.settings",
        )
        command = [sys.executable, "manage.py", "prepare", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, check=True)
        import django

        django.setup()
        try:
            yield
        finally:
            from django.db import connections

            connections.close_all()
            found.stop()
            if forget:
                _forget(home)


def _forget(home: Path) -> None:
    import shutil

    shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)


def has_hordak() -> bool:
    """Whether the peer's package is installed (`make bench` sees to it)."""
    import importlib.util

    return importlib.util.find_spec("hordak") is not None


def prepare_hordak() -> None:
    """The peer's database, once, with its own migrations."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = 'hordak'")
        if cursor.fetchone():
            return
        cursor.execute("create database hordak")
    command = [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--verbosity", "0"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.hordak_settings"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)
