"""The tests' database: built once per set of migrations as a template, owned by the owner, used as the application."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import psycopg2.errors
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, connections

from kamen.grants import grant
from kamen.management.commands.prepare import point_default_at
from kamen.settings.base import database

#: Filled by migrations and never by a test.
KEPT = {"django_migrations", "django_content_type", "auth_permission", "ledger_accountkind"}


class NoTestDatabase(Exception):
    """The tests cannot have a database; the text is a sentence for the person at the keyboard."""


@contextlib.contextmanager
def test_database(worker: str) -> Iterator[None]:
    """Make this process's own database from the template and point the default connection at it."""
    template = f"kamen_template_{_schema_digest()}"
    name = f"kamen_test_{settings.TEST_HOME.name.rpartition('-')[2]}_{worker}"
    with _administration() as cursor:
        # One process builds the template; the others wait here.
        cursor.execute("select rolcreatedb or rolsuper from pg_roles where rolname = current_user")
        if not cursor.fetchone()[0]:
            raise NoTestDatabase("The role of DATABASE_OWNER_URL may not create databases: `alter role … createdb`.")
        cursor.execute("select pg_advisory_lock(520053)")
        cursor.execute("select 1 from pg_database where datname = %s", [template])
        if not cursor.fetchone():
            _drop_stale_templates(cursor)
            _build(cursor, template)
        cursor.execute(f"drop database if exists {name}")
        cursor.execute(f"create database {name} template {template}")
        cursor.execute("select pg_advisory_unlock(520053)")
    _point_at(settings.DATABASE_URL, name)
    try:
        _require_rights(name)
        yield
    finally:
        connections.close_all()
        with _administration() as cursor:
            try:
                cursor.execute(f"drop database if exists {name}")  # sends the database's own cleaner away by itself
            except psycopg2.errors.ObjectInUse:
                cursor.execute(f"drop database if exists {name} with (force)")


test_database.__test__ = False  # type: ignore[attr-defined]


def database_address(url: str = "") -> str:
    """The address of this process's own database, for processes that a test starts; as the application by default."""
    parts = urlsplit(url or settings.DATABASE_URL)
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def roles_are_separate() -> bool:
    """Whether the owner and the application are two roles, so that grants mean something."""
    return bool(database(settings.DATABASE_URL)["USER"] != database(settings.DATABASE_OWNER_URL)["USER"])


def empty_database() -> None:
    """Remove what a test committed, as the owner: the application itself could not.

    A process that the test has just killed may still hold a lock for a moment: then once more.
    """
    tables = [table for table in connection.introspection.table_names() if table not in KEPT]
    for is_last in (False, False, True):
        try:
            _empty(tables)
        except psycopg2.errors.DeadlockDetected:
            if is_last:
                raise
        else:
            return


def _empty(tables: list[str]) -> None:
    names = ", ".join(f'"{table}"' for table in tables)
    with as_owner_of(connection.settings_dict["NAME"]) as cursor:
        for table in tables:
            cursor.execute(f'alter table "{table}" disable trigger user')
        cursor.execute(f"truncate {names} restart identity")
        for table in tables:
            cursor.execute(f'alter table "{table}" enable trigger user')


def _drop_stale_templates(cursor: Any) -> None:
    """Earlier shapes of the schema are of no use to anybody; others that build wait for our lock."""
    cursor.execute("select datname from pg_database where datname like %s", [r"kamen\_template\_%"])
    for (name,) in cursor.fetchall():
        cursor.execute(f"drop database if exists {name}")


def _require_rights(name: str) -> None:
    """The application must be able to work in the database that its owner made."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise NoTestDatabase(f"DATABASE_URL does not lead into the test database {name}: {error}") from error


def _build(cursor: Any, template: str) -> None:
    building = f"{template}_building"
    cursor.execute(f"drop database if exists {building}")
    cursor.execute(f"create database {building}")
    owner = _point_at(settings.DATABASE_OWNER_URL, building)
    with owner.cursor() as inside:
        inside.execute("set statement_timeout = 0")
    call_command("migrate", verbosity=0, interactive=False)
    application = database(settings.DATABASE_URL)["USER"]
    if application != owner.settings_dict["USER"]:
        with owner.cursor() as inside:
            grant(inside, application=application, reader=None)
    owner.close()
    cursor.execute(f"alter database {building} rename to {template}")


def _point_at(url: str, name: str) -> Any:
    opened = point_default_at(url)
    opened.settings_dict["NAME"] = name
    return opened


@contextlib.contextmanager
def _administration() -> Iterator[Any]:
    """A cursor of the owner outside any transaction, where databases are made and dropped."""
    with as_owner_of(database(settings.DATABASE_OWNER_URL)["NAME"], autocommit=True) as cursor:
        yield cursor


@contextlib.contextmanager
def as_owner_of(name: str, *, autocommit: bool = False) -> Iterator[Any]:
    found = database(settings.DATABASE_OWNER_URL)
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    try:
        opened = psycopg2.connect(dbname=name, **{key: found[ours] for key, ours in keys.items() if found.get(ours)})
    except psycopg2.OperationalError as error:
        raise NoTestDatabase(f"The owner's database (DATABASE_OWNER_URL) does not answer: {error}") from error
    opened.autocommit = autocommit
    try:
        with opened.cursor() as cursor:
            yield cursor
        if not autocommit:
            opened.commit()
    finally:
        opened.close()


def _schema_digest() -> str:
    """Changes with every migration and every SQL file, so that a stale template is never used."""
    digest = hashlib.sha256()
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for path in sorted([*Path(app.path).glob("migrations/*.py"), *Path(app.path).glob("sql/*.sql")]):
            digest.update(path.read_bytes())
    digest.update((settings.BASE_DIR / "kamen/grants.py").read_bytes())
    return digest.hexdigest()[:12]
